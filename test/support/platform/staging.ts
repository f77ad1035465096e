// Stages messages in engine memory the way the engine does, and reads back what a platform received.

import { READY_UDP, type Sys } from "../../../src/core/sys.ts";
import {
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
  REGION_SCRATCH,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  REGION_UDP_MSG,
  REGION_UDP_PIECE,
  RX_STRIDE,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
  RXD_STRIDE,
  SOCKADDR_ADDRESS,
  SOCKADDR_PORT,
} from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";

export interface Destination {
  readonly address: string;
  readonly port: number;
}

export interface Received {
  readonly data: Buffer;
  readonly from: Destination;
}

/** Builds the message tables of one engine. Payloads live in REGION_SCRATCH. */
export class Stage {
  private readonly engine: Engine;
  private messages = 0;
  private pieces = 0;
  private free: number;

  constructor(engine: Engine) {
    this.engine = engine;
    this.free = engine.call.region(REGION_SCRATCH);
  }

  /** Stages a UDP message of one datagram or several (all of one size but the last). Returns its first piece. */
  udp(sys: Sys, to: Destination, datagrams: readonly Uint8Array[], socket = 0): number {
    const first = this.add(REGION_UDP_MSG, REGION_UDP_PIECE, datagrams);
    const at = this.engine.call.region(REGION_UDP_MSG) + (this.messages - 1) * MSG_STRIDE;
    this.engine.u32[(at + MSG_SEGMENT) >> 2] = datagrams[0]!.length;
    this.engine.u32[(at + MSG_SOCKET) >> 2] = socket;
    const view = new DataView(this.engine.u8.buffer, at + MSG_DESTINATION, 16);
    view.setUint16(0, sys.sockaddrFamily, true);
    view.setUint16(SOCKADDR_PORT, to.port);
    to.address.split(".").forEach((part, i) => {
      view.setUint8(SOCKADDR_ADDRESS + i, Number(part));
    });
    return first;
  }

  /** Stages a TUN write gathered from pieces. Returns the message's index. */
  tun(pieces: readonly Uint8Array[]): number {
    this.add(REGION_TUN_MSG, REGION_TUN_PIECE, pieces);
    const at = this.engine.call.region(REGION_TUN_MSG) + (this.messages - 1) * MSG_STRIDE;
    this.engine.u32[(at + MSG_STATUS) >> 2] = 0;
    return this.messages - 1;
  }

  get count(): number {
    return this.messages;
  }

  /** PIECE_STATUS of a UDP piece. */
  status(piece: number): number {
    const at = this.engine.call.region(REGION_UDP_PIECE) + piece * PIECE_STRIDE + PIECE_STATUS;
    return this.engine.u32[at >> 2]!;
  }

  /** MSG_STATUS of a TUN message. */
  tunStatus(message: number): number {
    const at = this.engine.call.region(REGION_TUN_MSG) + message * MSG_STRIDE + MSG_STATUS;
    return this.engine.u32[at >> 2]!;
  }

  private add(messageRegion: number, pieceRegion: number, pieces: readonly Uint8Array[]): number {
    const { u8, u32, call } = this.engine;
    const first = this.pieces;
    const at = call.region(messageRegion) + this.messages++ * MSG_STRIDE;
    u32[(at + MSG_FIRST) >> 2] = first;
    u32[(at + MSG_COUNT) >> 2] = pieces.length;
    for (const piece of pieces) {
      const entry = call.region(pieceRegion) + this.pieces++ * PIECE_STRIDE;
      u32[(entry + PIECE_OFFSET) >> 2] = this.free;
      u32[(entry + PIECE_LENGTH) >> 2] = piece.length;
      u32[(entry + PIECE_STATUS) >> 2] = 0;
      u8.set(piece, this.free);
      this.free += piece.length + 4;
    }
    return first;
  }
}

/** Datagrams of the batch that `udpReceive` has just described, cut at the segment size. */
export function batch(engine: Engine, buffers: number): Received[] {
  const received: Received[] = [];
  for (let i = 0; i < buffers; i++) {
    const at = engine.call.region(REGION_RXD) + i * RXD_STRIDE;
    const length = engine.u32[(at + RXD_LENGTH) >> 2]!;
    const segment = engine.u32[(at + RXD_SEGMENT) >> 2]!;
    const view = new DataView(engine.u8.buffer, at + RXD_SOURCE, 16);
    const bytes = [0, 1, 2, 3].map((k) => view.getUint8(SOCKADDR_ADDRESS + k));
    const from = { address: bytes.join("."), port: view.getUint16(SOCKADDR_PORT) };
    const start = engine.call.region(REGION_RX) + i * RX_STRIDE;
    for (let done = 0; done < Math.max(length, 1); done += Math.max(segment, 1)) {
      const end = Math.min(done + segment, length);
      received.push({ data: Buffer.from(engine.u8.slice(start + done, start + end)), from });
    }
  }
  return received;
}

/** Waits for `count` datagrams on a socket for up to two seconds. */
export function receive(sys: Sys, engine: Engine, count: number, socket = 0): Received[] {
  const received: Received[] = [];
  const deadline = Date.now() + 2000;
  while (received.length < count && Date.now() < deadline) {
    if ((sys.wait(100) & (READY_UDP << socket)) === 0) continue;
    for (let n = sys.udpReceive(socket); n > 0; n = sys.udpReceive(socket))
      received.push(...batch(engine, n));
  }
  return received;
}
