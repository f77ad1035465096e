// Receiver cases through udpBatch, the whole of wire-protocol.md §9, with and without header obfuscation. Accepted
// packets are delivered to the TUN by one rule for everything; a keepalive shows in its counter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ANY, writePrefix } from "../../src/core/cidr.ts";
import { addRule } from "../../src/core/policy/roles.ts";
import {
  ACTION_FORWARD,
  BATCH_DONE,
  COUNTER_DROP_UDP_AUTH_OR_INVALID,
  COUNTER_DROP_UDP_UNKNOWN_PEER,
  COUNTER_KEEPALIVE_RX,
  COUNTER_TUN_TX_PACKETS,
  COUNTER_UDP_RX_PACKETS,
  FLAG_KEEPALIVE,
  KEY_LENGTH,
  MSG_FIRST,
  PEER_EPOCH,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STRIDE,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_PEERS,
  REGION_RX,
  REGION_RXD,
  REGION_SCRATCH,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
} from "../../src/engine/abi.ts";
import type { Engine } from "../../src/engine/exports.ts";
import { type EngineVariant, loadEngine } from "../../src/engine/load.ts";
import { Primitives, VARIANTS } from "../support/kat/primitives.ts";
import { fromHex, type ReceiverCase, u64, vectorFiles } from "../support/kat/vectors.ts";

const AF_INET = 2;
/** 192.0.2.1:4500 in network order, as a struct sockaddr_in holds it. */
const SOURCE = Buffer.from([AF_INET, 0, 0x11, 0x94, 192, 0, 2, 1]);
const NOW_S = 1735689600n;

class Receiver {
  private readonly engine: Engine;
  private readonly memory: Buffer;

  constructor(variant: EngineVariant, { link, init_epoch }: ReceiverCase, obfuscate: boolean) {
    this.engine = loadEngine(variant);
    const { call } = this.engine;
    this.memory = Buffer.from(this.engine.u8.buffer);
    this.memory.writeBigUInt64LE(NOW_S, call.region(REGION_CLOCK));
    call.setPlatform(0, 0, AF_INET);
    call.setNode(link.to_id, obfuscate ? 1 : 0);
    assert.equal(call.startEpoch(), 0);
    const scratch = call.region(REGION_SCRATCH);
    this.memory.set(fromHex(link.psk), scratch);
    const allowed = scratch + KEY_LENGTH;
    writePrefix(this.engine, allowed, { address: 0x0a000002, bits: 32 });
    const peer = call.addPeer(link.from_id, scratch, SOURCE.readUInt32LE(4), SOURCE.readUInt16LE(2), allowed);
    assert.equal(peer, 0);
    assert.ok(
      this.memory.subarray(scratch, scratch + 32).every((byte) => byte === 0),
      "the PSK is wiped",
    );
    assert.ok(addRule(this.engine, { src: ANY, dst: ANY, action: ACTION_FORWARD, target: 0 }));
    if (init_epoch !== "0") {
      this.memory.set(u64(init_epoch), scratch);
      call.preloadEpoch(0, scratch);
    }
  }

  counter(index: number): bigint {
    return this.memory.readBigUInt64LE(this.engine.call.region(REGION_COUNTERS) + 8 * index);
  }

  /** Both counters a refused datagram may count under. */
  dropped(): bigint {
    return this.counter(COUNTER_DROP_UDP_AUTH_OR_INVALID) + this.counter(COUNTER_DROP_UDP_UNKNOWN_PEER);
  }

  epoch(): string {
    return this.memory.readBigUInt64LE(this.engine.call.region(REGION_PEERS) + PEER_EPOCH).toString();
  }

  /** Hands one datagram to the engine in a drain of its own. Returns the packet written to the TUN, or null. */
  receive(datagram: Buffer): Buffer | null {
    const { call } = this.engine;
    const descriptor = call.region(REGION_RXD);
    this.memory.set(datagram, call.region(REGION_RX));
    this.memory.writeUInt32LE(datagram.length, descriptor + RXD_LENGTH);
    this.memory.writeUInt32LE(datagram.length, descriptor + RXD_SEGMENT);
    this.memory.set(SOURCE, descriptor + RXD_SOURCE);
    call.beginDrain();
    assert.equal(call.udpBatch(0, 1), BATCH_DONE);
    assert.equal(call.udpStaged(), 0, "nothing is ever answered");
    const staged = call.tunStaged();
    assert.ok(staged <= 1);
    const packet = staged === 1 ? this.stagedPacket() : null;
    call.tunSettle();
    return packet;
  }

  private stagedPacket(): Buffer {
    const { call } = this.engine;
    const first = this.memory.readUInt32LE(call.region(REGION_TUN_MSG) + MSG_FIRST);
    const piece = call.region(REGION_TUN_PIECE) + first * PIECE_STRIDE;
    const offset = this.memory.readUInt32LE(piece + PIECE_OFFSET);
    const length = this.memory.readUInt32LE(piece + PIECE_LENGTH);
    return Buffer.from(this.memory.subarray(offset, offset + length));
  }
}

function runCase(
  variant: EngineVariant,
  receiverCase: ReceiverCase,
  mask: ((datagram: Buffer) => Buffer) | null,
) {
  const receiver = new Receiver(variant, receiverCase, mask !== null);
  receiverCase.steps.forEach((step, i) => {
    const context = `${receiverCase.name}, step ${i + 1}: ${step.note}`;
    const plain = fromHex(step.datagram);
    const keepalive = ((plain[1] ?? 0) & FLAG_KEEPALIVE) !== 0;
    const before = {
      received: receiver.counter(COUNTER_UDP_RX_PACKETS),
      dropped: receiver.dropped(),
      keepalives: receiver.counter(COUNTER_KEEPALIVE_RX),
      written: receiver.counter(COUNTER_TUN_TX_PACKETS),
    };
    const packet = receiver.receive(mask === null ? plain : mask(plain));
    const accepted = step.expect === "accept";
    assert.equal(receiver.counter(COUNTER_UDP_RX_PACKETS) - before.received, 1n, context);
    assert.equal(receiver.dropped() - before.dropped, accepted ? 0n : 1n, `${context}: drops`);
    const kept = accepted && keepalive ? 1n : 0n;
    assert.equal(receiver.counter(COUNTER_KEEPALIVE_RX) - before.keepalives, kept, `${context}: keepalives`);
    if (accepted && !keepalive) {
      assert.equal(packet?.toString("hex"), step.plaintext, context);
      assert.equal(receiver.counter(COUNTER_TUN_TX_PACKETS) - before.written, 1n, context);
    } else {
      assert.equal(packet, null, context);
    }
    assert.equal(receiver.epoch(), step.epoch_after, `${context}: epoch`);
  });
}

const primitives = new Primitives("plain");

/** Masks a datagram as the sender of the case would (wire-protocol.md §7); one without room for a tag stays plain. */
function maskFor({ link }: ReceiverCase): (datagram: Buffer) => Buffer {
  const key = primitives.linkKey(fromHex(link.psk), link.from_id, link.to_id);
  return (datagram) => {
    if (datagram.length < 36) return datagram;
    const pad = primitives.headerPad(key, datagram.subarray(-16));
    return Buffer.from(datagram.map((byte, at) => (at < 20 ? byte ^ (pad[at] as number) : byte)));
  };
}

for (const file of vectorFiles()) {
  for (const variant of VARIANTS) {
    for (const receiverCase of file.receiver_cases) {
      test(`${variant}: ${file.name}, ${receiverCase.name}`, () => {
        runCase(variant, receiverCase, null);
        runCase(variant, receiverCase, maskFor(receiverCase));
      });
    }
  }
}
