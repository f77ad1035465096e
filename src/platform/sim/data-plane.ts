// Engine memory at the edge of the simulated system: receive buffers filled, staged messages taken out.

import {
  DEFAULT_RX_BUFFERS,
  MAX_TUN_PACKETS,
  MSG_COUNT,
  MSG_DESTINATION,
  MSG_FIRST,
  MSG_SEGMENT,
  MSG_SOCKET,
  MSG_STATUS,
  MSG_STRIDE,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STATUS,
  PIECE_STRIDE,
  REGION_RX,
  REGION_RXD,
  REGION_TUN_ARENA,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  REGION_TUND,
  REGION_UDP_MSG,
  REGION_UDP_PIECE,
  RX_LENGTH,
  RX_STRIDE,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
  RXD_STRIDE,
  SOCKADDR_ADDRESS,
  SOCKADDR_PORT,
  TUN_ARENA_LENGTH,
  TUN_HEADROOM,
  TUN_READ_OFFLOAD,
  TUN_READ_PLAIN,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
  VNET_LENGTH,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { type Endpoint, sameEndpoint } from "./nat.ts";
import type { Datagram, UdpSocket } from "./network.ts";
import type { VirtualTun } from "./virtual-tun.ts";

const AF_INET = 2;
/** As the kernel: at most 64 datagrams in one, and no more bytes than one UDP datagram may have. */
const MAX_COALESCED = 64;
const MAX_UDP_PAYLOAD = 65507;

/** Takes from the queue what UDP_GRO would hand over in one read: one size, one source, the last may be shorter. */
export function takeRun(queue: Datagram[], coalesce: boolean): Datagram[] {
  const first = queue[0]!;
  const size = first.bytes.length;
  let run = 1;
  while (coalesce && run < MAX_COALESCED && run < queue.length && (run + 1) * size <= MAX_UDP_PAYLOAD) {
    const { bytes, source } = queue[run]!;
    if (bytes.length > size || bytes.length === 0 || !sameEndpoint(source, first.source)) break;
    run++;
    if (bytes.length < size) break;
  }
  return queue.splice(0, run);
}

export class DataPlane {
  private readonly engine: Engine;
  private readonly view: DataView;

  constructor(engine: Engine) {
    this.engine = engine;
    this.view = new DataView(engine.u8.buffer);
  }

  /** Reads up to a batch from a socket. @returns the number of buffers filled. */
  receive(socket: UdpSocket, coalesce: boolean): number {
    const { call, u8 } = this.engine;
    let buffers = 0;
    while (buffers < DEFAULT_RX_BUFFERS && socket.queue.length > 0) {
      const run = takeRun(socket.queue, coalesce);
      const base = call.region(REGION_RX) + buffers * RX_STRIDE;
      let at = base;
      for (const { bytes } of run) {
        u8.set(bytes.subarray(0, base + RX_LENGTH - at), at);
        at = Math.min(at + bytes.length, base + RX_LENGTH);
      }
      this.describe(call.region(REGION_RXD) + buffers * RXD_STRIDE, at - base, run[0]!);
      buffers++;
    }
    return buffers;
  }

  private describe(descriptor: number, length: number, { bytes, source }: Datagram): void {
    this.view.setUint32(descriptor + RXD_LENGTH, length, true);
    this.view.setUint32(descriptor + RXD_SEGMENT, Math.min(bytes.length, RX_LENGTH), true);
    this.view.setUint16(descriptor + RXD_SOURCE, AF_INET, true);
    this.view.setUint16(descriptor + RXD_SOURCE + SOCKADDR_PORT, source.port);
    this.view.setUint32(descriptor + RXD_SOURCE + SOCKADDR_ADDRESS, source.address);
  }

  /** Reads from a device until it is empty or arena or table are full. @returns the number of packets. */
  readTun(tun: VirtualTun): number {
    const { call, u8 } = this.engine;
    const limit = tun.vnet ? TUN_READ_OFFLOAD : TUN_READ_PLAIN;
    const head = tun.vnet ? VNET_LENGTH : 0;
    const table = call.region(REGION_TUND);
    let at = call.region(REGION_TUN_ARENA);
    const end = at + TUN_ARENA_LENGTH;
    let count = 0;
    while (count < MAX_TUN_PACKETS && at + TUN_HEADROOM + limit + TUN_TAILROOM <= end) {
      const frame = tun.waiting.shift()?.subarray(0, head + limit);
      if (frame === undefined) break;
      const packet = at + TUN_HEADROOM;
      u8.set(frame, packet - head);
      const length = frame.length - head;
      this.view.setUint32(table + count * TUND_STRIDE + TUND_OFFSET, packet, true);
      this.view.setUint32(table + count * TUND_STRIDE + TUND_LENGTH, length, true);
      at = (packet + length + TUN_TAILROOM + 15) & ~15;
      count++;
    }
    return count;
  }

  /** Hands each datagram of the staged messages to `send`, and notes what it refuses. */
  sendUdp(
    count: number,
    segments: boolean,
    send: (socket: number, destination: Endpoint, bytes: Uint8Array) => number,
  ): void {
    const { call } = this.engine;
    for (let i = 0; i < count; i++) {
      const message = call.region(REGION_UDP_MSG) + i * MSG_STRIDE;
      const socket = this.view.getUint32(message + MSG_SOCKET, true);
      const at = message + MSG_DESTINATION;
      const destination = {
        address: this.view.getUint32(at + SOCKADDR_ADDRESS),
        port: this.view.getUint16(at + SOCKADDR_PORT),
      };
      const pieces = this.pieces(message, REGION_UDP_PIECE);
      this.checkRun(pieces, this.view.getUint32(message + MSG_SEGMENT, true), segments);
      for (const piece of pieces) {
        const errno = send(socket, destination, this.bytesOf(piece));
        if (errno !== 0) this.view.setUint32(piece + PIECE_STATUS, errno, true);
      }
    }
  }

  /** The kernel sends garbage when a run's datagrams differ in size; here it is an error. */
  private checkRun(pieces: readonly number[], segment: number, segments: boolean): void {
    if (pieces.length > 1 && !segments)
      throw new Error("several datagrams in one message without UDP_SEGMENT");
    pieces.forEach((piece, i) => {
      const length = this.view.getUint32(piece + PIECE_LENGTH, true);
      if (length > segment || (length < segment && i !== pieces.length - 1))
        throw new Error(`datagram ${i} of ${pieces.length} has ${length} bytes in a run of ${segment}`);
    });
  }

  /** Writes each staged message to the device as one frame, and notes what it refuses. */
  writeTun(count: number, tun: VirtualTun): void {
    const { call } = this.engine;
    for (let i = 0; i < count; i++) {
      const message = call.region(REGION_TUN_MSG) + i * MSG_STRIDE;
      const parts = this.pieces(message, REGION_TUN_PIECE).map((piece) => this.bytesOf(piece));
      const frame = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
      let at = 0;
      for (const part of parts) {
        frame.set(part, at);
        at += part.length;
      }
      const errno = tun.write(frame);
      if (errno !== 0) this.view.setUint32(message + MSG_STATUS, errno, true);
    }
  }

  /** Offsets of a message's pieces. */
  private pieces(message: number, region: number): number[] {
    const first = this.view.getUint32(message + MSG_FIRST, true);
    const base = this.engine.call.region(region);
    return Array.from(
      { length: this.view.getUint32(message + MSG_COUNT, true) },
      (_, i) => base + (first + i) * PIECE_STRIDE,
    );
  }

  private bytesOf(piece: number): Uint8Array {
    const offset = this.view.getUint32(piece + PIECE_OFFSET, true);
    return this.engine.u8.slice(offset, offset + this.view.getUint32(piece + PIECE_LENGTH, true));
  }
}
