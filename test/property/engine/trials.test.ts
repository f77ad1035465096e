// The bucket of trials behind the scans of obfuscated mode (wire-protocol.md §10), in virtual time.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACTION_FORWARD,
  COUNTER_KEEPALIVE_RX as KEEPALIVE_RX,
  OWN_TRIALS,
  SCAN_BUDGET,
  COUNTER_TUN_TX_PACKETS as TUN_TX,
  COUNTER_DROP_UDP_SCAN_BUDGET as TURNED_AWAY,
  COUNTER_DROP_UDP_UNKNOWN_PEER as UNKNOWN,
} from "../../../src/engine/abi.ts";
import { Prng } from "../../../src/platform/sim/prng.ts";
import { type Arrival, EngineNode, release } from "../../support/engine/engine-node.ts";
import { ipv4Packet, Sender } from "../../support/engine/packets.ts";
import { type Endpoint, ReferenceNode } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";

/**
 * Always the same junk: one datagram in 2^24 trials is claimed by chance (wire-protocol.md §7), and the counts below are
 * exact.
 */
function seededTest(name: string, body: (random: Prng) => void): void {
  test(name, () => body(new Prng(7)));
}

const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;
const RATE = 200_000;
const BURST = 65_536;
const STRANGER: Endpoint = { address: 0xcb007109, port: 4242 };
const HERE = 0x0a000001;
const MOVER = 500;

/** A hub with many peers that nobody has heard yet. */
class Hub {
  readonly node: EngineNode;
  readonly peers: number;
  private readonly random: Prng;
  private now = 0n;

  constructor(random: Prng, peers: number, endpoint: (id: number) => Endpoint = home) {
    this.random = random;
    this.peers = peers;
    this.node = new EngineNode({ variant: "plain", localId: 1, obfuscate: true, epoch: EPOCH, peers });
    for (let id = 2; id < 2 + peers; id++)
      this.node.addPeer({ id, psk: pskOf(id), endpoint: endpoint(id), allowed: 0, allowedBits: 0 });
    this.node.addRule({ dst: HERE, dstBits: 32, action: ACTION_FORWARD, target: 0 });
  }

  /** Moves both clocks. */
  pass(ns: bigint): void {
    this.now += ns;
    this.node.setClock(EPOCH + this.now, this.now);
  }

  junk(count: number, source = STRANGER): Arrival[] {
    return Array.from({ length: count }, () => ({ bytes: this.random.bytes(64), source }));
  }

  /** One drain. @returns how many of its datagrams were scanned without a result, and how many were turned away. */
  drain(socket: number, arrivals: readonly Arrival[]): [scans: number, away: number] {
    const before = this.node.counters();
    this.node.drain(socket, arrivals);
    const after = this.node.counters();
    return [Number(after[UNKNOWN]! - before[UNKNOWN]!), Number(after[TURNED_AWAY]! - before[TURNED_AWAY]!)];
  }

  /** Drains junk until the bucket pays for nothing more. @returns the scans it paid for. */
  empty(): number {
    let total = 0;
    while (total * this.peers <= BURST) {
      const [scans] = this.drain(0, this.junk(SCAN_BUDGET));
      total += scans;
      if (scans === 0) return total;
    }
    assert.fail("the bucket has no bottom");
  }
}

function home(id: number): Endpoint {
  return { address: 0x64400000 + id, port: 18020 };
}

function pskOf(id: number): Uint8Array {
  const psk = new Uint8Array(32).fill(3);
  psk[0] = id & 255;
  psk[1] = id >> 8;
  return psk;
}

seededTest("the bucket pays for its content, then for what time brings, and never holds more", (random) => {
  const hub = new Hub(random, 1000);
  assert.equal(hub.empty(), Math.floor(BURST / 1000), "a full bucket");
  assert.deepEqual(hub.drain(0, hub.junk(20)), [0, 20], "a frozen clock refills nothing");
  // 536 trials are left of the burst: 2.32 ms bring the rest of one scan, and not a ns less.
  hub.pass((464n * NS_PER_S) / BigInt(RATE) - 1n);
  assert.deepEqual(hub.drain(0, hub.junk(20)), [0, 20], "one ns short");
  hub.pass(1n);
  assert.deepEqual(hub.drain(0, hub.junk(20)), [1, 19]);
  hub.pass(15n * NS_PER_MS);
  assert.deepEqual(hub.drain(0, hub.junk(20)), [3, 17], "15 ms are three scans");
  for (const idle of [1n, 3_600n, 1_000_000_000n]) {
    hub.pass(idle * NS_PER_S);
    assert.equal(hub.empty(), Math.floor(BURST / 1000), `after ${idle} s`);
  }
  // Over a second of flood, one drain a ms: the rate and what the bucket held.
  let scans = 0;
  for (let ms = 0; ms < 1000; ms++) {
    hub.pass(NS_PER_MS);
    scans += hub.drain(ms % 3, hub.junk(20))[0];
  }
  assert.ok(scans >= 199 && scans <= 201, `${scans} scans in the second`);
  release(hub.node);
});

seededTest("the ceiling of eight scans a drain stays", (random) => {
  const hub = new Hub(random, 32);
  // A mesh of 32 with a frozen clock notices no bucket for 2,048 scans.
  for (let drain = 0; drain < BURST / 32 / SCAN_BUDGET; drain++)
    assert.deepEqual(hub.drain(drain % 3, hub.junk(20)), [SCAN_BUDGET, 20 - SCAN_BUDGET]);
  assert.deepEqual(hub.drain(0, hub.junk(20)), [0, 20]);
  release(hub.node);
});

seededTest("a full bucket pays for scans of the largest mesh", (random) => {
  const hub = new Hub(random, 16_384);
  assert.equal(hub.empty(), 4);
  hub.pass(10n * NS_PER_S);
  const first = new Sender({ psk: pskOf(2), from: 2, to: 1, obfuscate: true });
  const packet = ipv4Packet(random, 0, HERE, 60);
  // The scan that finds a peer for the first time is paid back: it must not wait after the hub's restart.
  hub.node.drain(0, [{ bytes: first.datagram(EPOCH, 1n, packet), source: home(0) }]);
  assert.equal(hub.node.counters()[TUN_TX], 1n);
  assert.equal(hub.empty(), 4);
  hub.pass(10n * NS_PER_S);
  // After that it costs the trials made: here one, and the bucket holds four scans and not one trial more.
  hub.node.drain(0, [{ bytes: first.datagram(EPOCH, 2n, packet), source: home(1) }]);
  assert.equal(hub.node.counters()[TUN_TX], 2n);
  assert.equal(hub.empty(), 3);
  release(hub.node);
});

seededTest("after a restart every spoke is found, however many there are", (random) => {
  const hub = new Hub(random, 2000);
  for (let id = 2; id < 2 + hub.peers; id++) {
    const sender = new Sender({ psk: pskOf(id), from: id, to: 1, obfuscate: true });
    hub.node.drain(0, [
      { bytes: sender.datagram(EPOCH, 1n, new Uint8Array(0), 1), source: home(id + 10_000) },
    ]);
  }
  assert.equal(hub.node.counters()[KEEPALIVE_RX], BigInt(hub.peers));
  release(hub.node);
});

seededTest("a monotonic clock that steps neither fills nor blocks the bucket", (random) => {
  const hub = new Hub(random, 1000);
  hub.pass(NS_PER_S);
  hub.empty();
  hub.node.setClock(EPOCH, 0n);
  assert.deepEqual(hub.drain(0, hub.junk(8)), [0, 8], "a step back brings nothing");
  hub.node.setClock(EPOCH + 10n * NS_PER_MS, 10n * NS_PER_MS);
  assert.deepEqual(hub.drain(0, hub.junk(8)), [2, 6], "from there on as ever");
  const far = 2n ** 33n * NS_PER_S;
  hub.node.setClock(EPOCH + far, far);
  assert.equal(hub.empty(), Math.floor(BURST / 1000), "a step ahead brings a bucketful");
  release(hub.node);
});

seededTest(
  "many peers behind one address cost a forger's datagram a bounded number of free trials",
  (random) => {
    const shared = { address: 0x01020304, port: 5 };
    const hub = new Hub(random, 1000, () => shared);
    hub.empty();
    // The peers tried for nothing still deliver; one behind them is like one that has moved.
    const from = (id: number, seq: bigint): Arrival => ({
      bytes: new Sender({ psk: pskOf(id), from: id, to: 1, obfuscate: true }).datagram(
        EPOCH,
        seq,
        ipv4Packet(random, 0, HERE, 60),
      ),
      source: shared,
    });
    const delivered = (arrival: Arrival): boolean => {
      const before = hub.node.counters()[TUN_TX]!;
      hub.drain(0, [arrival]);
      return hub.node.counters()[TUN_TX] !== before;
    };
    assert.ok(delivered(from(2, 1n)));
    assert.ok(delivered(from(1 + OWN_TRIALS, 1n)));
    assert.ok(!delivered(from(2 + OWN_TRIALS, 1n)), "a ninth peer was tried for nothing");
    hub.pass(NS_PER_S);
    assert.ok(delivered(from(2 + OWN_TRIALS, 2n)), "a scan finds it");
    // With a full bucket a forged datagram is scanned without the trials made already: 992 each.
    hub.pass(NS_PER_S);
    let scans = 0;
    for (let drain = 0; drain < 20; drain++) scans += hub.drain(0, hub.junk(SCAN_BUDGET, shared))[0];
    assert.equal(scans, Math.floor(BURST / (1000 - OWN_TRIALS)));
    release(hub.node);
  },
);

seededTest("no socket takes all the scans of a tight bucket", (random) => {
  const hub = new Hub(random, 1000);
  hub.empty();
  const scans = [0, 0, 0];
  // One scan every 5 ms, and each turn has junk on all three sockets, drained in order.
  for (let turn = 0; turn < 600; turn++) {
    hub.pass(5n * NS_PER_MS);
    for (const socket of [0, 1, 2]) scans[socket]! += hub.drain(socket, hub.junk(30))[0];
  }
  for (const count of scans) assert.ok(count >= 195 && count <= 205, `${scans}`);
  // A socket that has fallen silent leaves its share to the others.
  let alone = 0;
  for (let turn = 0; turn < 600; turn++) {
    hub.pass(5n * NS_PER_MS);
    alone += hub.drain(0, hub.junk(30))[0];
  }
  assert.ok(alone >= 598 && alone <= 602, `${alone} scans on one socket alone`);
  release(hub.node);
});

/** @returns seconds until a peer that moved is heard: 1,000 peers, junk on three sockets, 100 packets/s. */
function secondsToFollow(random: Prng, junkPerSecond: number): number {
  const hub = new Hub(random, 1000);
  const sender = new Sender({ psk: pskOf(MOVER), from: MOVER, to: 1, obfuscate: true });
  const packet = ipv4Packet(random, 0, HERE, 60);
  hub.empty();
  const from = { address: 0xcb0071ff, port: random.between(1, 65535) };
  const socket = random.below(3);
  let junk = 0;
  for (let turn = 0; turn < 2000; turn++) {
    hub.pass(5n * NS_PER_MS);
    junk += junkPerSecond / 200;
    const arrivals: Arrival[][] = [[], [], []];
    for (; junk >= 1; junk--) arrivals[random.below(3)]!.push(...hub.junk(1));
    if (turn % 2 === 0) {
      const place = random.below(arrivals[socket]!.length + 1);
      const bytes = sender.datagram(EPOCH, BigInt(turn + 1), packet);
      arrivals[socket]!.splice(place, 0, { bytes, source: from });
    }
    for (const one of [0, 1, 2]) hub.drain(one, arrivals[one]!);
    if (hub.node.counters()[TUN_TX]! > 0n) {
      release(hub.node);
      return turn / 200;
    }
  }
  release(hub.node);
  return Number.POSITIVE_INFINITY;
}

for (const junkPerSecond of [5_000, 20_000]) {
  seededTest(`a peer that moves under ${junkPerSecond} junk datagrams/s is followed`, (random) => {
    const seconds = Array.from({ length: 15 }, () => secondsToFollow(random, junkPerSecond));
    const median = seconds.sort((a, b) => a - b)[7]!;
    assert.ok(median <= 3, `${seconds}`);
  });
}

seededTest("the engine grants the scans that the model grants", (random) => {
  const peers = 40;
  const node = new EngineNode({ variant: "simd", localId: 1, obfuscate: true, epoch: EPOCH, peers });
  const model = new ReferenceNode({ localId: 1, obfuscate: true, epoch: EPOCH });
  for (let id = 2; id < 2 + peers; id++) {
    const peer = { id, psk: pskOf(id), endpoint: home(id), allowed: 0, allowedBits: 0 };
    node.addPeer(peer);
    model.addPeer(peer);
  }
  let now = 0n;
  for (let drain = 0; drain < 600; drain++) {
    // 100 trials on average, where a drain may ask for 320.
    now += BigInt(random.below(1_000_000));
    node.setClock(EPOCH + now, now);
    model.monotonic = now;
    const socket = random.below(3);
    const arrivals = Array.from({ length: random.below(24) }, () => ({
      bytes: random.bytes(40),
      source: random.chance(0.8) ? STRANGER : home(random.between(2, 1 + peers)),
    }));
    model.beginDrain();
    for (const { bytes, source } of arrivals) model.receive(bytes, source, socket);
    node.drain(socket, arrivals);
    assert.deepEqual(node.counters(), model.counters, `drain ${drain}`);
  }
  // With the ceiling alone, about two thirds would have been scanned to the end.
  assert.ok(model.counters[UNKNOWN]! < 3_500n, `${model.counters[UNKNOWN]} scans`);
  assert.ok(model.counters[TURNED_AWAY]! > 1_000n);
  release(node);
});
