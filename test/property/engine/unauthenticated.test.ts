// Nothing unauthenticated changes receive state: wire-protocol.md §9, "What changes in receiver state".
//
// The whole of the engine's tables (peers, endpoint index, keys, windows, policy) is compared byte for byte, not
// only what core can see.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  ACTION_FORWARD,
  COUNTER_COUNT,
  COUNTER_DROP_UDP_AUTH_OR_INVALID,
  COUNTER_DROP_UDP_SCAN_BUDGET,
  COUNTER_DROP_UDP_UNKNOWN_PEER,
  COUNTER_UDP_RX_PACKETS,
  PEER_DROPS,
  PEER_STRIDE,
  PEER_UNCLAIMED,
  REGION_PEERS,
  REGION_UDP_MSG,
} from "../../../src/engine/abi.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import { type Arrival, EngineNode, release } from "../../support/engine/engine-node.ts";
import { ipv4Packet, mutate, Sender } from "../../support/engine/packets.ts";
import type { Endpoint } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const CASES = 10_500;
const WORLDS = 15;
const PEERS = 5;

interface Link {
  sender: Sender;
  home: Endpoint;
  inner: number;
  seq: bigint;
}

/** Everything the engine keeps between packets: from the peer table up to the output tables. */
function stateOf(node: EngineNode): string {
  const { call, u8 } = node.engine;
  const state = u8.slice(call.region(REGION_PEERS), call.region(REGION_UDP_MSG));
  // But for the counters of just such datagrams: opened by no key, and replayed.
  for (let i = 0; i < PEERS; i++)
    for (const counter of [PEER_UNCLAIMED, PEER_DROPS])
      state.fill(0, i * PEER_STRIDE + counter, i * PEER_STRIDE + counter + 8);
  return createHash("sha256").update(state).digest("hex");
}

class World {
  readonly node: EngineNode;
  readonly links: Link[] = [];
  readonly accepted: Uint8Array[] = [];
  private readonly random: Prng;
  private readonly obfuscate: boolean;

  constructor(random: Prng, variant: "simd" | "plain", obfuscate: boolean) {
    this.random = random;
    this.obfuscate = obfuscate;
    this.node = new EngineNode({ variant, localId: 1, obfuscate, epoch: EPOCH });
    this.node.addRule({ dst: 0, dstBits: 0, action: ACTION_FORWARD, target: 0 });
    for (let id = 2; id < 2 + PEERS; id++) {
      const psk = random.bytes(32);
      const home = { address: random.u32(), port: random.between(1, 65535) };
      const inner = 0x0a000000 + id;
      this.node.addPeer({ id, psk, endpoint: home, allowed: inner, allowedBits: 32 });
      this.links.push({ sender: new Sender({ psk, from: id, to: 1, obfuscate }), home, inner, seq: 0n });
    }
  }

  /** The next honest datagram of a link. */
  genuine(link: Link): Uint8Array {
    link.seq += 1n;
    return link.sender.datagram(EPOCH, link.seq, ipv4Packet(this.random, link.inner, 0x0a000001, 60));
  }

  /** An honest datagram, delivered: it must be accepted. */
  exchange(): void {
    const link = this.random.pick(this.links);
    const bytes = this.genuine(link);
    this.node.drain(0, [{ bytes, source: link.home }]);
    assert.equal(this.node.emitted.length, 1, "an honest datagram was not delivered");
    this.node.emitted = [];
    if (this.accepted.push(bytes) > 60) this.accepted.shift();
  }

  /** Something that nobody with the right key made, or that was accepted before; from anywhere. */
  hostile(): Arrival {
    const { random } = this;
    const link = random.pick(this.links);
    const source = random.chance(0.5)
      ? random.pick(this.links).home
      : { address: random.u32(), port: random.below(65536) };
    return { bytes: this.hostileBytes(link), source };
  }

  private hostileBytes(link: Link): Uint8Array {
    const { random } = this;
    switch (random.below(6)) {
      case 0:
        return random.bytes(random.below(random.chance(0.9) ? 120 : 5000));
      case 1:
        return random.pick(this.accepted);
      case 2:
        return this.tampered(this.genuine(link));
      case 3:
        return this.genuine(link).slice(0, random.below(76));
      case 4: {
        // Another link's key under this link's name, also with an epoch raised to shut the honest peer out.
        const other = random.pick(this.links.filter((candidate) => candidate !== link));
        const epoch = random.pick([EPOCH, EPOCH + 1n, 2n ** 64n - 1n]);
        const flags = random.below(2);
        return other.sender.datagram(epoch, random.u64(), random.bytes(40), flags, this.idOf(link));
      }
      default: {
        // The right name, masked and sealed with a key of the attacker's own.
        const psk = random.bytes(32);
        const forger = new Sender({ psk, from: this.idOf(link), to: 1, obfuscate: this.obfuscate });
        return forger.datagram(random.u64(), random.u64(), random.bytes(random.below(80)), random.below(2));
      }
    }
  }

  private idOf(link: Link): number {
    return 2 + this.links.indexOf(link);
  }

  /** Never the KEEPALIVE bit alone: that change is authentic (§12). */
  private tampered(datagram: Uint8Array): Uint8Array {
    for (;;) {
      const changed = mutate(this.random, datagram);
      const differs = changed.length !== datagram.length || changed.some((byte, i) => byte !== datagram[i]);
      const onlyKeepalive =
        changed.length === datagram.length &&
        changed.every((byte, i) => (i === 1 ? (byte ^ datagram[i]!) <= 1 : byte === datagram[i]));
      if (differs && !onlyKeepalive) return changed;
    }
  }
}

for (const variant of ["simd", "plain"] as const) {
  for (const obfuscate of [false, true]) {
    seededTest(`nothing unauthenticated changes state (${variant}, obfuscation ${obfuscate})`, (random) => {
      for (let round = 0; round < WORLDS; round++) {
        const world = new World(random, variant, obfuscate);
        const { node } = world;
        for (let i = 0; i < 20; i++) world.exchange();
        let state = stateOf(node);
        for (let cases = 0; cases < CASES / WORLDS; ) {
          const before = node.counters();
          const arrivals = Array.from({ length: random.between(1, 25) }, () => world.hostile());
          const passed = BigInt(random.u32());
          node.setClock(EPOCH + passed, passed);
          node.drain(random.below(3), arrivals, random.chance(0.5));
          cases += arrivals.length;
          assert.equal(stateOf(node), state, "tables changed");
          assert.equal(node.emitted.length, 0, "something was answered or delivered");
          assertOnlySilentDrops(before, node.counters(), arrivals.length);
          if (random.chance(0.2)) {
            world.exchange();
            state = stateOf(node);
          }
        }
        release(node);
      }
    });
  }
}

function assertOnlySilentDrops(before: readonly bigint[], after: readonly bigint[], arrivals: number): void {
  const silent = [
    COUNTER_DROP_UDP_AUTH_OR_INVALID,
    COUNTER_DROP_UDP_UNKNOWN_PEER,
    COUNTER_DROP_UDP_SCAN_BUDGET,
  ];
  const drops = silent.reduce((total, counter) => total + after[counter]! - before[counter]!, 0n);
  assert.equal(drops, BigInt(arrivals), "each datagram is dropped in steps 1–6");
  for (let i = 0; i < COUNTER_COUNT; i++) {
    if (i === COUNTER_UDP_RX_PACKETS || i === COUNTER_UDP_RX_PACKETS + 1 || silent.includes(i)) continue;
    assert.equal(after[i], before[i], `counter ${i} moved`);
  }
}
