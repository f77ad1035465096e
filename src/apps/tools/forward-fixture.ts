// The nodes of forward-bench: engines in this process, and the datagrams carried between them by hand.

import { parseCidr, writePrefix } from "../../core/cidr.ts";
import { addRule } from "../../core/policy/roles.ts";
import * as abi from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { loadEngine } from "../../engine/load.ts";

export const HUB = 1;
export const A = 2;
export const B = 3;
export const HUB_ADDRESS = "10.0.0.1";
export const A_ADDRESS = "10.0.0.2";
export const B_ADDRESS = "10.0.0.3";
/** First u16 of a struct sockaddr_in on Linux; nothing of it leaves this process. */
const FAMILY = 2;
/** 127.0.0.1 in network order. */
const LOOPBACK = 0x0100007f;
const NANOSECONDS = 1000000000n;
const ROOM = abi.MAX_DATAGRAM;

/** An engine as a node, with a clock that moves only when told. */
export class BenchNode {
  readonly engine: Engine;
  private readonly view: DataView;
  private now: bigint;

  constructor(id: number, obfuscate: boolean, peers = abi.DEFAULT_PEERS) {
    this.engine = loadEngine();
    this.view = new DataView(this.engine.u8.buffer);
    this.now = BigInt(Date.now()) * 1000000n;
    const { call } = this.engine;
    call.init(peers, abi.DEFAULT_RULES, abi.DEFAULT_RX_BUFFERS);
    call.setNode(id, obfuscate ? 1 : 0);
    call.setPlatform(0, 0, FAMILY);
    this.tick(0);
    call.startEpoch();
  }

  /** Lets time pass. */
  tick(milliseconds: number): void {
    this.now += BigInt(milliseconds) * 1000000n;
    const at = this.engine.call.region(abi.REGION_CLOCK);
    for (const clock of [at, at + 16]) {
      this.view.setBigUint64(clock, this.now / NANOSECONDS, true);
      this.view.setBigUint64(clock + 8, this.now % NANOSECONDS, true);
    }
  }

  /** The key of a link depends on the two ids alone. */
  addPeer(local: number, id: number, allowed: string): void {
    const { engine } = this;
    const psk = engine.call.region(abi.REGION_SCRATCH);
    const prefix = psk + abi.KEY_LENGTH;
    engine.u8.fill(0x5a, psk, prefix);
    engine.u32[psk >> 2] = local + id;
    writePrefix(engine, prefix, parseCidr(allowed)!);
    engine.call.addPeer(id, psk, LOOPBACK, id, prefix);
  }

  route(destination: string, target: number, action = abi.ACTION_FORWARD): void {
    const src = parseCidr("0.0.0.0/0")!;
    addRule(this.engine, { src, dst: parseCidr(destination)!, action, target });
  }

  counter(index: number): number {
    return Number(this.view.getBigUint64(this.engine.call.region(abi.REGION_COUNTERS) + index * 8, true));
  }

  /** Lays out `count` packets as read from the TUN. */
  fillTun(count: number, size: number, source: string, destination: string): void {
    const { u8, call } = this.engine;
    const arena = call.region(abi.REGION_TUN_ARENA);
    const descriptors = call.region(abi.REGION_TUND);
    const stride = (abi.TUN_HEADROOM + size + abi.TUN_TAILROOM + 15) & ~15;
    for (let i = 0; i < count; i++) {
      const at = arena + i * stride + abi.TUN_HEADROOM;
      u8.fill(i, at, at + size);
      u8[at] = 0x45;
      this.view.setUint16(at + 2, size);
      u8.set(source.split(".").map(Number), at + 12);
      u8.set(destination.split(".").map(Number), at + 16);
      this.view.setUint32(descriptors + i * abi.TUND_STRIDE + abi.TUND_OFFSET, at, true);
      this.view.setUint32(descriptors + i * abi.TUND_STRIDE + abi.TUND_LENGTH, size, true);
    }
  }

  /** The datagrams that are staged, one after the other. */
  private *staged(): Generator<Uint8Array> {
    const { call, u8 } = this.engine;
    const pieces = call.region(abi.REGION_UDP_PIECE);
    for (let m = 0; m < call.udpStaged(); m++) {
      const message = call.region(abi.REGION_UDP_MSG) + m * abi.MSG_STRIDE;
      const first = this.view.getUint32(message + abi.MSG_FIRST, true);
      const end = first + this.view.getUint32(message + abi.MSG_COUNT, true);
      for (let piece = first; piece < end; piece++) {
        const at = pieces + piece * abi.PIECE_STRIDE;
        const offset = this.view.getUint32(at + abi.PIECE_OFFSET, true);
        yield u8.subarray(offset, offset + this.view.getUint32(at + abi.PIECE_LENGTH, true));
      }
    }
  }

  /** Puts one datagram into receive buffer `buffer`, as it comes from a port of this host. */
  place(buffer: number, datagram: Uint8Array, port: number): void {
    const { call, u8 } = this.engine;
    if (datagram.length > ROOM) throw new Error("the datagram is too long");
    u8.set(datagram, call.region(abi.REGION_RX) + buffer * abi.RX_STRIDE);
    const descriptor = call.region(abi.REGION_RXD) + buffer * abi.RXD_STRIDE;
    this.view.setUint32(descriptor + abi.RXD_LENGTH, datagram.length, true);
    this.view.setUint32(descriptor + abi.RXD_SEGMENT, datagram.length, true);
    this.view.setUint16(descriptor + abi.RXD_SOURCE, FAMILY, true);
    this.view.setUint16(descriptor + abi.RXD_SOURCE + abi.SOCKADDR_PORT, port, true);
    this.view.setUint32(descriptor + abi.RXD_SOURCE + abi.SOCKADDR_ADDRESS, LOOPBACK, true);
  }

  /** Hands what is staged here to a node, at most its receive buffers. Returns how many there were. */
  carryTo(other: BenchNode, port: number): number {
    let buffer = 0;
    for (const datagram of this.staged()) {
      if (buffer < abi.DEFAULT_RX_BUFFERS) other.place(buffer, datagram, port);
      buffer++;
    }
    this.settle();
    return buffer;
  }

  /** Handles packets of the TUN; what is staged stays, as far as the tables hold it. */
  tunBatch(count: number): void {
    let state = this.engine.call.tunBatch(count);
    while (state === abi.BATCH_MORE) {
      this.settle();
      state = this.engine.call.resume();
    }
  }

  udpBatch(count: number): void {
    this.engine.call.beginDrain();
    let state = this.engine.call.udpBatch(0, count);
    while (state === abi.BATCH_MORE) {
      this.settle();
      state = this.engine.call.resume();
    }
  }

  settle(): void {
    this.engine.call.udpSettle();
    this.engine.call.tunSettle();
  }
}
