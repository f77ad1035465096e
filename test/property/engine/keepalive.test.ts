// The keepalive schedule, wire-protocol.md §15.

import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTER_KEEPALIVE_TX, COUNTER_UDP_TX_PACKETS } from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const ENDPOINT = { address: 0xc0000201, port: 18020 };

class Spoke {
  readonly node: EngineNode;
  now = 1_000_000_007n;

  constructor(variant: EngineVariant, obfuscate: boolean, seconds: number, seed: Uint8Array) {
    this.node = new EngineNode({ variant, localId: 2, obfuscate, epoch: EPOCH });
    this.node.addPeer({
      id: 1,
      psk: new Uint8Array(32).fill(9),
      endpoint: ENDPOINT,
      allowed: 0,
      allowedBits: 0,
    });
    this.node.setSeed(seed);
    this.at(this.now);
    this.node.engine.call.setKeepalive(seconds, 0);
    if (seconds !== 0) this.first();
  }

  /** The first keepalive is due at once, without an interval before it. */
  private first(): void {
    assert.equal(this.node.engine.call.timeout(), 0, "the first keepalive waits");
    this.node.tick();
    assert.equal(this.node.emitted.length, 1);
    assert.deepEqual(this.node.emitted[0]!.endpoint, ENDPOINT);
    this.node.emitted = [];
  }

  at(now: bigint): void {
    this.now = now;
    this.node.setClock(EPOCH + now, now);
  }

  /** @returns ns from now to the next keepalive, sent at the very first tick at which it is due. */
  interval(): bigint {
    const start = this.now;
    const wait = this.node.engine.call.timeout();
    assert.ok(wait > 0, "a fresh interval is not over yet");
    // One ms before the announced moment it is not due; at the moment it is.
    this.at(start + BigInt(wait - 1) * NS_PER_MS);
    this.node.tick();
    assert.equal(this.node.emitted.length, 0, "sent too early");
    // Look for the exact ns within the last ms.
    let low = BigInt(wait - 1) * NS_PER_MS;
    let high = BigInt(wait) * NS_PER_MS;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      this.at(start + middle);
      if (this.node.engine.call.timeout() === 0) high = middle;
      else low = middle;
    }
    this.at(start + high);
    assert.equal(this.node.engine.call.timeout(), 0);
    this.node.tick();
    assert.equal(this.node.emitted.length, 1, "not sent when due");
    assert.equal(this.node.emitted[0]!.bytes.length, 36);
    this.node.emitted = [];
    return high;
  }
}

for (const variant of ["simd", "plain"] as const) {
  seededTest(`without obfuscation the interval is exact (${variant})`, (random) => {
    for (const seconds of [1, 20, 25, 3600, 86400, random.between(1, 100000)]) {
      const spoke = new Spoke(variant, false, seconds, random.bytes(32));
      for (let i = 0; i < 5; i++) assert.equal(spoke.interval(), BigInt(seconds) * NS_PER_S);
      assert.equal(spoke.node.counters()[COUNTER_KEEPALIVE_TX], 6n);
      assert.equal(spoke.node.counters()[COUNTER_UDP_TX_PACKETS], 0n);
      release(spoke.node);
    }
  });

  seededTest(`with obfuscation the interval is spread over [half, full] (${variant})`, (random) => {
    for (const seconds of [1, 3, 20]) {
      const spoke = new Spoke(variant, true, seconds, random.bytes(32));
      const full = BigInt(seconds) * NS_PER_S;
      const quarters = [0, 0, 0, 0];
      for (let i = 0; i < 2000; i++) {
        const interval = spoke.interval();
        assert.ok(interval >= full / 2n && interval <= full, `${interval} of ${full}`);
        const position = Number(((interval - full / 2n) * 8n) / full);
        quarters[Math.min(3, position)]!++;
      }
      // 500 expected in each; 6 standard deviations are 116.
      for (const count of quarters) assert.ok(count > 380 && count < 620, `quarters ${quarters}`);
      release(spoke.node);
    }
  });

  test(`an overdue keepalive is sent once, and the next counts from then (${variant})`, () => {
    const spoke = new Spoke(variant, false, 20, new Uint8Array(32));
    spoke.at(spoke.now + 95n * NS_PER_S);
    assert.equal(spoke.node.engine.call.timeout(), 0);
    spoke.node.tick();
    spoke.node.tick();
    assert.equal(spoke.node.emitted.length, 1);
    spoke.node.emitted = [];
    assert.equal(spoke.interval(), 20n * NS_PER_S);
    release(spoke.node);
  });

  test(`an interval of 0 never sends and never wakes (${variant})`, () => {
    const spoke = new Spoke(variant, true, 0, new Uint8Array(32));
    for (let i = 0; i < 100; i++) {
      assert.equal(spoke.node.engine.call.timeout(), -1);
      spoke.at(spoke.now + 1000n * NS_PER_S);
      spoke.node.tick();
    }
    assert.equal(spoke.node.emitted.length, 0);
    release(spoke.node);
  });

  test(`two processes do not keep the same pace (${variant})`, () => {
    const intervals = [1, 2].map((seed) => {
      const spoke = new Spoke(variant, true, 20, new Uint8Array(32).fill(seed));
      const found = Array.from({ length: 5 }, () => spoke.interval());
      release(spoke.node);
      return found.join();
    });
    assert.notEqual(intervals[0], intervals[1]);
  });
}
