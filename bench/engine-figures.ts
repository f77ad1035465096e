// What the engine alone costs per packet: the whole path of a batch, without the kernel.
//
// seal   a packet from the TUN, routed and sealed for the hub
// open   a datagram opened, checked and delivered to the TUN
// relay  a datagram opened, checked, routed and sealed for another peer, in place

import { randomFillSync } from "node:crypto";
import { ANY, parseCidr } from "../src/core/cidr.ts";
import { parseConfig } from "../src/core/config/values.ts";
import { addRule } from "../src/core/policy/roles.ts";
import { type SetupHost, setUpEngine } from "../src/core/setup.ts";
import * as abi from "../src/engine/abi.ts";
import {
  BATCH_MORE,
  MAX_TUN_PACKETS,
  RX_LENGTH,
  RX_STRIDE,
  TUN_HEADROOM,
  TUN_TAILROOM,
} from "../src/engine/abi.ts";
import type { Engine } from "../src/engine/exports.ts";
import { type EngineVariant, loadEngine } from "../src/engine/load.ts";
import { median } from "./figures.ts";

export const SIZES = [64, 512, 1408];
const BATCHES = 1000;
const WARM_UP = 100;
const A = 2;
const HUB = 1;
const B = 3;
const A_ADDRESS = "10.0.0.2/32";
const B_ADDRESS = "10.0.0.3/32";
/** First u16 of a struct sockaddr_in on Linux. */
const FAMILY = 2;

export interface EngineFigures {
  readonly variant: EngineVariant;
  readonly size: number;
  readonly sealNs: number;
  readonly openNs: number;
  readonly relayNs: number;
}

function writeClock(engine: Engine): void {
  const view = new DataView(engine.u8.buffer, engine.call.region(abi.REGION_CLOCK), 32);
  const now = BigInt(Date.now()) * 1000000n;
  for (const at of [0, 16]) {
    view.setBigUint64(at, now / 1000000000n, true);
    view.setBigUint64(at + 8, now % 1000000000n, true);
  }
}

interface PeerOf {
  readonly id: number;
  readonly allowed: string;
}

/** A node as its configuration says, with its one way to B. The key between two nodes depends on their ids alone. */
function makeEngine(variant: EngineVariant, id: number, peers: readonly PeerOf[], target: number): Engine {
  const engine = loadEngine(variant);
  const text = JSON.stringify({
    local_id: id,
    peers: peers.map((peer) => ({
      id: peer.id,
      endpoint: `127.${peer.id}.0.1:${peer.id * 256}`,
      allowed_src: peer.allowed,
      psk: (id * peer.id).toString(16).padStart(2, "0").repeat(abi.KEY_LENGTH),
    })),
  });
  const config = parseConfig(Buffer.from(text), text.length);
  setUpEngine({ engine, sys: system(engine) }, config);
  addRule(engine, { src: ANY, dst: parseCidr(B_ADDRESS)!, action: abi.ACTION_FORWARD, target });
  return engine;
}

/** What setting up asks for, of a host that takes segments and has no devices. */
function system(engine: Engine): SetupHost["sys"] {
  return {
    sockaddrFamily: FAMILY,
    udpSegments: () => 1,
    tunVnet: () => 0,
    clock: () => writeClock(engine),
    random: (offset, length) => {
      randomFillSync(engine.u8, offset, length);
      return 0;
    },
  };
}

function fillTun(engine: Engine, size: number): void {
  const arena = engine.call.region(abi.REGION_TUN_ARENA);
  const view = new DataView(engine.u8.buffer);
  for (let i = 0; i < MAX_TUN_PACKETS; i++) {
    const at = arena + i * (TUN_HEADROOM + size + TUN_TAILROOM) + TUN_HEADROOM;
    engine.u8.fill(i, at, at + size);
    engine.u8[at] = 0x45;
    view.setUint16(at + 2, size);
    view.setUint32(at + 12, parseCidr(A_ADDRESS)!.address);
    view.setUint32(at + 16, parseCidr(B_ADDRESS)!.address);
    const descriptor = engine.call.region(abi.REGION_TUND) + i * abi.TUND_STRIDE;
    view.setUint32(descriptor + abi.TUND_OFFSET, at, true);
    view.setUint32(descriptor + abi.TUND_LENGTH, size, true);
  }
}

function settle(engine: Engine): void {
  engine.call.udpSettle();
  engine.call.tunSettle();
}

/** Runs a batch to its end, discarding its output; ns taken. */
function timed(engine: Engine, batch: () => number): number {
  const started = process.hrtime.bigint();
  let state = batch();
  for (; state === BATCH_MORE; state = engine.call.resume()) settle(engine);
  return Number(process.hrtime.bigint() - started);
}

/** Copies the datagrams that `from` staged into the receive buffers of `to`; the number of buffers. */
function carry(from: Engine, to: Engine): number {
  const view = new DataView(from.u8.buffer);
  const target = new DataView(to.u8.buffer);
  const messages = from.call.udpStaged();
  let buffer = 0;
  let used = 0;
  for (let m = 0; m < messages; m++) {
    const message = from.call.region(abi.REGION_UDP_MSG) + m * abi.MSG_STRIDE;
    const first = view.getUint32(message + abi.MSG_FIRST, true);
    const count = view.getUint32(message + abi.MSG_COUNT, true);
    for (let p = first; p < first + count; p++) {
      const piece = from.call.region(abi.REGION_UDP_PIECE) + p * abi.PIECE_STRIDE;
      const offset = view.getUint32(piece + abi.PIECE_OFFSET, true);
      const length = view.getUint32(piece + abi.PIECE_LENGTH, true);
      if (used + length > RX_LENGTH) {
        buffer++;
        used = 0;
      }
      to.u8.set(
        from.u8.subarray(offset, offset + length),
        to.call.region(abi.REGION_RX) + buffer * RX_STRIDE + used,
      );
      used += length;
      const descriptor = to.call.region(abi.REGION_RXD) + buffer * abi.RXD_STRIDE;
      target.setUint32(descriptor + abi.RXD_LENGTH, used, true);
      target.setUint32(descriptor + abi.RXD_SEGMENT, length, true);
      target.setUint16(descriptor + abi.RXD_SOURCE, FAMILY, true);
      target.setUint16(descriptor + abi.RXD_SOURCE + 2, A, true);
      target.setUint32(descriptor + abi.RXD_SOURCE + 4, 0x0100007f + (A << 8), true);
    }
  }
  return buffer + 1;
}

function counter(engine: Engine, index: number): number {
  const at = engine.call.region(abi.REGION_COUNTERS) + index * 8;
  return Number(new DataView(engine.u8.buffer).getBigUint64(at, true));
}

function sample(variant: EngineVariant, size: number): EngineFigures {
  const spoke = makeEngine(variant, A, [{ id: HUB, allowed: "0.0.0.0/0" }], HUB);
  const end = makeEngine(variant, HUB, [{ id: A, allowed: A_ADDRESS }], 0);
  const both = [
    { id: A, allowed: A_ADDRESS },
    { id: B, allowed: B_ADDRESS },
  ];
  const hub = makeEngine(variant, HUB, both, B);

  const times = { seal: [] as number[], open: [] as number[], relay: [] as number[] };
  for (let i = 0; i < WARM_UP + BATCHES; i++) {
    fillTun(spoke, size);
    times.seal.push(timed(spoke, () => spoke.call.tunBatch(MAX_TUN_PACKETS)));
    times.open.push(receive(spoke, end));
    times.relay.push(receive(spoke, hub));
    settle(spoke);
  }
  const packets = (WARM_UP + BATCHES) * MAX_TUN_PACKETS;
  if (counter(end, abi.COUNTER_TUN_TX_PACKETS) !== packets) throw new Error("not every datagram was opened");
  if (counter(hub, abi.COUNTER_RELAY_PACKETS) !== packets) throw new Error("not every datagram was relayed");
  // The median of the batches leaves out those during which another process had the processor.
  const each = (batches: number[]) => median(batches.slice(WARM_UP)) / MAX_TUN_PACKETS;
  return { variant, size, sealNs: each(times.seal), openNs: each(times.open), relayNs: each(times.relay) };
}

/** Lets `to` receive what `from` staged; ns taken by the receiver. */
function receive(from: Engine, to: Engine): number {
  const buffers = carry(from, to);
  to.call.beginDrain();
  const ns = timed(to, () => to.call.udpBatch(0, buffers));
  settle(to);
  return ns;
}

/** The figures of one engine variant at each of SIZES. */
export function engineFigures(variant: EngineVariant): EngineFigures[] {
  return SIZES.map((size) => sample(variant, size));
}
