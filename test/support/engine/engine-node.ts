// One engine with a host around it that has no system: datagrams and packets in, emissions out.

import { ANY, writePrefix } from "../../../src/core/cidr.ts";
import { addRule } from "../../../src/core/policy/roles.ts";
import * as abi from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { type EngineVariant, loadEngine } from "../../../src/engine/load.ts";
import { matchRule } from "./match-rule.ts";
import type { Accepts, Emission, Endpoint, NodeSettings, PeerSettings, Rule, Traffic } from "./reference.ts";

const NS_PER_S = 1_000_000_000n;
const ENOBUFS = 105;
/** A keepalive has nothing inside. It is made in the engine's work area, in front of REGION_SCRATCH. */
const KEEPALIVE_LENGTH = 36;

/** A datagram as it arrives at a socket. */
export interface Arrival {
  bytes: Uint8Array;
  source: Endpoint;
}

/** A packet as it comes from the TUN; with offload, behind its virtio header. */
export interface TunPacket {
  bytes: Uint8Array;
  vnet?: Uint8Array;
}

/** A peer's public record. */
export interface PeerState {
  endpoint: Endpoint;
  socket: number;
  lastSeen: bigint;
  epoch: bigint;
  sequence: bigint;
  unclaimed: bigint;
  traffic: Traffic;
}

export interface EngineOptions extends NodeSettings {
  /** 64 when absent. */
  replayWindow?: number;
  variant: EngineVariant;
  udpSegments?: boolean;
  tunVnet?: boolean;
  /** Room for this many, 64 by default. */
  peers?: number;
}

/** Engines that have been released, wiped. */
const idle = new Map<EngineVariant, Engine[]>();

/** Takes a used engine back: instantiating one costs more than laying it out again. */
export function release(node: EngineNode): void {
  const list = idle.get(node.variant) ?? [];
  idle.set(node.variant, list);
  node.engine.call.wipe();
  list.push(node.engine);
}

export class EngineNode {
  readonly engine: Engine;
  readonly variant: EngineVariant;
  accepts: Accepts = () => true;
  emitted: Emission[] = [];
  /** UDP messages and TUN writes handed to the system, whole: for tests of the offloads. */
  tunWrites: Uint8Array[] = [];
  /** How often the output tables were full in the middle of a batch. */
  resumed = 0;
  private readonly view: DataView;
  private readonly options: EngineOptions;

  constructor(options: EngineOptions) {
    this.options = options;
    this.variant = options.variant;
    this.engine = idle.get(options.variant)?.pop() ?? loadEngine(options.variant);
    this.view = new DataView(this.engine.u8.buffer);
    const { call } = this.engine;
    call.init(options.peers ?? 64, 4096, abi.DEFAULT_RX_BUFFERS, options.replayWindow);
    call.setNode(options.localId, options.obfuscate ? 1 : 0);
    call.setPlatform(options.udpSegments ? 1 : 0, options.tunVnet ? 1 : 0, 2);
    this.setClock(options.epoch, 0n);
    if (call.startEpoch() !== 0) throw new Error(`epoch ${options.epoch} was refused`);
  }

  setClock(wall: bigint, monotonic: bigint): void {
    const at = this.engine.call.region(abi.REGION_CLOCK);
    [wall / NS_PER_S, wall % NS_PER_S, monotonic / NS_PER_S, monotonic % NS_PER_S].forEach((value, i) => {
      this.view.setBigUint64(at + 8 * i, value, true);
    });
  }

  setSeed(seed: Uint8Array): void {
    this.engine.u8.set(seed.subarray(0, 32), this.engine.call.region(abi.REGION_SEED));
  }

  /** @returns the peer's index. */
  addPeer(peer: PeerSettings): number {
    const { call, u8 } = this.engine;
    const psk = call.region(abi.REGION_SCRATCH);
    u8.set(peer.psk, psk);
    const { address, port } = peer.endpoint;
    const allowed = psk + abi.KEY_LENGTH;
    writePrefix(this.engine, allowed, { address: peer.allowed, bits: peer.allowedBits });
    const index = call.addPeer(peer.id, psk, swap32(address), swap16(port), allowed);
    for (const other of peer.others ?? []) {
      writePrefix(this.engine, allowed, other);
      if (call.addSource(index, allowed) !== abi.OK) throw new Error("addSource refused");
    }
    if (u8.subarray(psk, psk + abi.KEY_LENGTH).some((byte) => byte !== 0))
      throw new Error("addPeer left the PSK behind");
    return index;
  }

  addRule(rule: Rule): number {
    const dst = { address: rule.dst, bits: rule.dstBits };
    return addRule(this.engine, { src: ANY, dst, action: rule.action, target: rule.target })
      ? abi.OK
      : abi.TABLE_FULL;
  }

  matchRule(destination: number): number {
    return matchRule(this.engine, destination);
  }

  counters(): bigint[] {
    const at = this.engine.call.region(abi.REGION_COUNTERS);
    return Array.from({ length: abi.COUNTER_COUNT }, (_, i) => this.view.getBigUint64(at + 8 * i, true));
  }

  peer(index: number): PeerState {
    const at = this.engine.call.region(abi.REGION_PEERS) + index * abi.PEER_STRIDE;
    return {
      endpoint: this.endpointAt(at + abi.PEER_ENDPOINT),
      socket: this.view.getUint32(at + abi.PEER_SOCKET, true),
      lastSeen: this.view.getBigUint64(at + abi.PEER_LAST_SEEN, true),
      epoch: this.view.getBigUint64(at + abi.PEER_EPOCH, true),
      sequence: this.view.getBigUint64(at + abi.PEER_SEQUENCE, true),
      unclaimed: this.view.getBigUint64(at + abi.PEER_UNCLAIMED, true),
      traffic: this.traffic(index),
    };
  }

  traffic(index: number): Traffic {
    const at = this.engine.call.region(abi.REGION_PEERS) + index * abi.PEER_STRIDE;
    const figure = (field: number): bigint => this.view.getBigUint64(at + field, true);
    return {
      rxPackets: figure(abi.PEER_RX_PACKETS),
      rxBytes: figure(abi.PEER_RX_BYTES),
      txPackets: figure(abi.PEER_TX_PACKETS),
      txBytes: figure(abi.PEER_TX_BYTES),
      lost: figure(abi.PEER_LOST),
      drops: figure(abi.PEER_DROPS),
    };
  }

  /** Test hook: the next datagram to the peer takes `last` + 1. */
  setSequence(index: number, last: bigint): void {
    const at = this.engine.call.region(abi.REGION_PEERS) + index * abi.PEER_STRIDE;
    this.view.setBigUint64(at + abi.PEER_SEQUENCE, last, true);
  }

  /** One drain of a socket. Runs of datagrams of one size from one source share a buffer when `coalesce` is set. */
  drain(socket: number, arrivals: readonly Arrival[], coalesce = false): void {
    this.engine.call.beginDrain();
    let next = 0;
    while (next < arrivals.length) {
      let buffers = 0;
      while (buffers < abi.DEFAULT_RX_BUFFERS && next < arrivals.length) {
        const run = coalesce ? runLength(arrivals, next) : 1;
        this.fillBuffer(buffers, arrivals.slice(next, next + run));
        buffers++;
        next += run;
      }
      this.finish(this.engine.call.udpBatch(socket, buffers));
    }
  }

  /** Packets from the TUN, in batches as they fit. */
  tun(packets: readonly TunPacket[]): void {
    const { call, u8 } = this.engine;
    const table = call.region(abi.REGION_TUND);
    const arena = call.region(abi.REGION_TUN_ARENA);
    for (let first = 0; first < packets.length; ) {
      let at = arena;
      let count = 0;
      while (first < packets.length && count < abi.MAX_TUN_PACKETS && at - arena < 262144) {
        const { bytes, vnet } = packets[first]!;
        at += abi.TUN_HEADROOM;
        if (this.options.tunVnet) u8.set(vnet ?? new Uint8Array(abi.VNET_LENGTH), at - abi.VNET_LENGTH);
        u8.set(bytes, at);
        this.view.setUint32(table + count * abi.TUND_STRIDE + abi.TUND_OFFSET, at, true);
        this.view.setUint32(table + count * abi.TUND_STRIDE + abi.TUND_LENGTH, bytes.length, true);
        at += bytes.length + abi.TAG_LENGTH;
        at += -at & 15;
        count++;
        first++;
      }
      this.finish(call.tunBatch(count));
    }
  }

  /** Sends a keepalive when one is due. */
  tick(): void {
    this.engine.call.tick();
    this.flush();
  }

  private finish(result: number): void {
    let more = result;
    this.flush();
    while (more === abi.BATCH_MORE) {
      this.resumed++;
      more = this.engine.call.resume();
      this.flush();
    }
  }

  private fillBuffer(buffer: number, run: readonly Arrival[]): void {
    const { call, u8 } = this.engine;
    const base = call.region(abi.REGION_RX) + buffer * abi.RX_STRIDE;
    let at = base;
    for (const { bytes } of run) {
      u8.set(bytes, at);
      at += bytes.length;
    }
    const descriptor = call.region(abi.REGION_RXD) + buffer * abi.RXD_STRIDE;
    const { source, bytes } = run[0]!;
    this.view.setUint32(descriptor + abi.RXD_LENGTH, at - base, true);
    this.view.setUint32(descriptor + abi.RXD_SEGMENT, bytes.length, true);
    this.view.setUint16(descriptor + abi.RXD_SOURCE, 2, true);
    this.view.setUint16(descriptor + abi.RXD_SOURCE + 2, source.port);
    this.view.setUint32(descriptor + abi.RXD_SOURCE + 4, source.address);
  }

  private endpointAt(at: number): Endpoint {
    return { address: this.view.getUint32(at + 4), port: this.view.getUint16(at + 2) };
  }

  private flush(): void {
    this.flushUdp();
    this.flushTun();
  }

  private flushUdp(): void {
    const { call } = this.engine;
    const count = call.udpStaged();
    for (let i = 0; i < count; i++) {
      const message = call.region(abi.REGION_UDP_MSG) + i * abi.MSG_STRIDE;
      const first = this.view.getUint32(message + abi.MSG_FIRST, true);
      const pieces = this.view.getUint32(message + abi.MSG_COUNT, true);
      const segment = this.view.getUint32(message + abi.MSG_SEGMENT, true);
      if (pieces > 1 && !this.options.udpSegments) throw new Error("a run of datagrams without UDP_SEGMENT");
      for (let j = first; j < first + pieces; j++) {
        const piece = call.region(abi.REGION_UDP_PIECE) + j * abi.PIECE_STRIDE;
        const bytes = this.pieceBytes(piece);
        const last = j === first + pieces - 1;
        if (last ? bytes.length > segment : bytes.length !== segment)
          throw new Error("datagrams of a run differ in size");
        const socket = this.view.getUint32(message + abi.MSG_SOCKET, true);
        const endpoint = this.endpointAt(message + abi.MSG_DESTINATION);
        const emission: Emission = { to: "udp", bytes, endpoint, socket };
        if (this.accepts(emission)) this.emitted.push(emission);
        else this.view.setUint32(piece + abi.PIECE_STATUS, ENOBUFS, true);
      }
    }
    call.udpSettle();
  }

  private flushTun(): void {
    const { call } = this.engine;
    const count = call.tunStaged();
    for (let i = 0; i < count; i++) {
      const message = call.region(abi.REGION_TUN_MSG) + i * abi.MSG_STRIDE;
      const first = this.view.getUint32(message + abi.MSG_FIRST, true);
      const pieces = this.view.getUint32(message + abi.MSG_COUNT, true);
      const parts: Uint8Array[] = [];
      for (let j = first; j < first + pieces; j++)
        parts.push(this.pieceBytes(call.region(abi.REGION_TUN_PIECE) + j * abi.PIECE_STRIDE));
      const bytes = new Uint8Array(Buffer.concat(parts));
      const emission: Emission = { to: "tun", bytes, endpoint: null, socket: 0 };
      if (!this.accepts(emission)) this.view.setUint32(message + abi.MSG_STATUS, ENOBUFS, true);
      else if (this.options.tunVnet) this.tunWrites.push(bytes);
      else this.emitted.push(emission);
    }
    call.tunSettle();
  }

  private pieceBytes(piece: number): Uint8Array {
    const offset = this.view.getUint32(piece + abi.PIECE_OFFSET, true);
    const end = offset + this.view.getUint32(piece + abi.PIECE_LENGTH, true);
    if (!this.maySend(offset, end))
      throw new Error(`a piece at ${offset} … ${end} is not of the packets' memory`);
    return this.engine.u8.slice(offset, end);
  }

  /**
   * Whether memory that is handed to the system holds packets, or headers that the engine makes for them: not keys, not
   * tables, and of the received datagrams one buffer only.
   */
  private maySend(offset: number, end: number): boolean {
    const { call } = this.engine;
    if (end < offset) return false;
    const scratch = call.region(abi.REGION_SCRATCH);
    if (offset < scratch)
      return offset > call.region(abi.REGION_SEED) && end - offset === KEEPALIVE_LENGTH && end <= scratch;
    const headers = call.region(abi.REGION_TUN_PIECE) + abi.MAX_PIECES * abi.PIECE_STRIDE;
    if (offset < call.region(abi.REGION_RXD)) return offset >= headers && end <= call.region(abi.REGION_RXD);
    const segments = call.region(abi.REGION_TUND) + abi.MAX_TUN_PACKETS * abi.TUND_STRIDE;
    const received = call.region(abi.REGION_RX);
    if (offset < received) return offset >= segments && end <= received;
    const buffer = Math.floor((offset - received) / abi.RX_STRIDE);
    return buffer < abi.DEFAULT_RX_BUFFERS && end <= received + (buffer + 1) * abi.RX_STRIDE;
  }
}

/** How many arrivals from `first` on the kernel's UDP_GRO could hand over as one. */
function runLength(arrivals: readonly Arrival[], first: number): number {
  const { bytes, source } = arrivals[first]!;
  let run = 1;
  while (run < 64 && first + run < arrivals.length && (run + 1) * bytes.length <= 65507) {
    const next = arrivals[first + run]!;
    if (next.source.address !== source.address || next.source.port !== source.port) break;
    if (next.bytes.length > bytes.length || next.bytes.length === 0) break;
    run++;
    if (next.bytes.length < bytes.length) break;
  }
  return run;
}

function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}
