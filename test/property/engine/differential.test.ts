// The engine, both variants, against the reference model: same input, same outcome in every observable.

import assert from "node:assert/strict";
import {
  COUNTER_COUNT,
  COUNTER_DROP_TUN_EGRESS_ERR,
  COUNTER_DROP_UDP_SCAN_BUDGET,
  COUNTER_KEEPALIVE_TX,
} from "../../../src/engine/abi.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import { assertAccounts } from "../../support/engine/accounting.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { type Accepts, type Emission, ReferenceNode } from "../../support/engine/reference.ts";
import { EPOCH, Scenario } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const WORLDS = 50;
/** Packets in and out, each one case. */
const CASES = 25_000;
const SOCKETS = 3;
const MAX_U64 = 2n ** 64n - 1n;

/** The system refuses about every thirtieth emission, judged by its last byte so that every node agrees. */
const pickyAccepts: Accepts = ({ bytes }) => bytes.length === 0 || bytes[bytes.length - 1]! >= 8;

function describe(emitted: readonly Emission[], to: "udp" | "tun"): string[] {
  return emitted
    .filter((emission) => emission.to === to)
    .map(
      ({ bytes, endpoint, socket }) =>
        `${endpoint?.address}:${endpoint?.port}/${socket} ${Buffer.from(bytes).toString("hex")}`,
    );
}

class Pair {
  readonly model: ReferenceNode;
  readonly engines: EngineNode[];
  private wall = EPOCH;

  constructor(scenario: Scenario) {
    const settings = { localId: scenario.localId, obfuscate: scenario.obfuscate, epoch: EPOCH };
    this.model = new ReferenceNode(settings);
    this.model.wall = EPOCH;
    this.engines = [
      new EngineNode({ ...settings, variant: "simd", udpSegments: true }),
      new EngineNode({ ...settings, variant: "plain", udpSegments: false }),
    ];
    for (const node of [this.model, ...this.engines]) {
      node.accepts = pickyAccepts;
      for (const peer of scenario.peers) node.addPeer(peer);
    }
    for (const rule of scenario.rules) this.addRule(rule);
  }

  addRule(rule: Scenario["rules"][number]): void {
    this.model.rules.push(rule);
    for (const engine of this.engines) assert.equal(engine.addRule(rule), 0);
  }

  advance(ns: bigint): void {
    this.wall += ns;
    this.model.wall = this.wall;
    this.model.monotonic = this.wall - EPOCH;
    for (const engine of this.engines) engine.setClock(this.wall, this.wall - EPOCH);
  }

  setSequence(index: number, last: bigint): void {
    this.model.peers[index]!.sequence = last;
    for (const engine of this.engines) engine.setSequence(index, last);
  }

  /** Compares counters, emissions and peer records, and empties the list of emissions. */
  compare(): void {
    for (const engine of this.engines) {
      const counters = engine.counters();
      assert.deepEqual(counters, this.model.counters, `${engine.variant}: counters`);
      assertAccounts(counters);
      for (const to of ["udp", "tun"] as const)
        assert.deepEqual(
          describe(engine.emitted, to),
          describe(this.model.emitted, to),
          `${engine.variant}: ${to}`,
        );
      this.model.peers.forEach((peer, index) => {
        const { endpoint, socket, lastSeen, epoch, sequence, unclaimed } = peer;
        const traffic = { ...peer.traffic, lost: BigInt.asUintN(64, peer.lostBefore + peer.heard.lost()) };
        assert.deepEqual(
          engine.peer(index),
          { endpoint, socket, lastSeen, epoch, sequence, unclaimed, traffic },
          `${engine.variant}: peer`,
        );
      });
      engine.emitted = [];
    }
    this.model.emitted = [];
  }
}

/** One random step. @returns the number of packets in it. */
function step(random: Prng, scenario: Scenario, pair: Pair): number {
  pair.advance(BigInt(random.below(1_000_000_000)));
  const kind = random.below(100);
  if (kind < 60) {
    const bursting = random.chance(0.03);
    const arrivals = bursting
      ? scenario.burst()
      : Array.from({ length: random.between(1, 40) }, () => scenario.arrival());
    const socket = random.below(SOCKETS);
    pair.model.beginDrain();
    for (const { bytes, source } of arrivals) pair.model.receive(bytes, source, socket);
    for (const engine of pair.engines) engine.drain(socket, arrivals, bursting || random.chance(0.5));
    // A burst comes on top: it must not crowd out the rest of the stream.
    return bursting ? 0 : arrivals.length;
  }
  if (kind < 92) {
    const packets = Array.from({ length: random.between(1, 20) }, () => ({ bytes: scenario.localPacket() }));
    for (const { bytes } of packets) pair.model.send(bytes);
    for (const engine of pair.engines) engine.tun(packets);
    return packets.length;
  }
  if (kind < 97) pair.addRule(scenario.rule());
  else pair.setSequence(random.below(scenario.peers.length), MAX_U64 - BigInt(random.below(12)));
  return 0;
}

for (const obfuscate of [false, true]) {
  seededTest(`the engine does what the model does, obfuscation ${obfuscate ? "on" : "off"}`, (random) => {
    const reached = new Array<bigint>(COUNTER_COUNT).fill(0n);
    let resumed = 0;
    for (let world = 0; world < WORLDS; world++) {
      const scenario = new Scenario(random, obfuscate);
      const pair = new Pair(scenario);
      let cases = 0;
      while (cases < CASES / WORLDS) {
        cases += step(random, scenario, pair);
        pair.compare();
      }
      pair.model.counters.forEach((count, i) => {
        reached[i]! += count;
      });
      for (const engine of pair.engines) resumed += engine.resumed;
      pair.engines.forEach(release);
    }
    assert.ok(resumed > 0, "no batch filled the output tables");
    // A stream that never gets somewhere proves nothing about it.
    reached.forEach((count, counter) => {
      if (counter === COUNTER_DROP_TUN_EGRESS_ERR || counter === COUNTER_KEEPALIVE_TX) return;
      if (counter === COUNTER_DROP_UDP_SCAN_BUDGET && !obfuscate) return;
      assert.ok(count > 0n, `no case reached counter ${counter}`);
    });
  });
}
