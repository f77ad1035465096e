// The engine's policy table against a linear scan over a list (policy.md).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACTION_DROP,
  ACTION_FORWARD,
  PREFIX_ADDRESS,
  PREFIX_BITS,
  REGION_RULES,
  RULE_ACTION,
  RULE_DST,
  RULE_STRIDE,
  RULE_TARGET,
  TABLE_FULL,
} from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { type Rule, scanPolicy } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const CAPACITY = 4096;
const VARIANTS = ["simd", "plain"] as const;

function node(variant: EngineVariant): EngineNode {
  return new EngineNode({ variant, localId: 1, obfuscate: false, epoch: EPOCH });
}

/** Addresses close together, so that prefixes nest and repeat; now and then any address. */
function address(random: Prng): number {
  if (random.chance(0.1)) return random.u32();
  const base = random.pick([0x0a000000, 0xc0a80000, 0xfffffff0, 0]);
  return (base + (random.chance(0.5) ? random.below(16) : random.below(65536))) >>> 0;
}

function rule(random: Prng): Rule {
  return {
    dst: address(random),
    dstBits: random.chance(0.8) ? random.between(16, 32) : random.below(33),
    action: random.chance(0.8) ? ACTION_FORWARD : ACTION_DROP,
    target: random.u32(),
  };
}

/** Reads the rule in force at an index back from engine memory. */
function readRule(engine: EngineNode, index: number): Rule {
  const view = new DataView(
    engine.engine.u8.buffer,
    engine.engine.call.region(REGION_RULES) + index * RULE_STRIDE,
  );
  return {
    dst: view.getUint32(RULE_DST + PREFIX_ADDRESS, true),
    dstBits: view.getUint32(RULE_DST + PREFIX_BITS, true),
    action: view.getUint32(RULE_ACTION, true),
    target: view.getUint32(RULE_TARGET, true),
  };
}

for (const variant of VARIANTS) {
  test(`a default drop and a /24 forward, in either order (${variant})`, () => {
    const drop = { dst: 0, dstBits: 0, action: ACTION_DROP, target: 0 };
    const forward = { dst: 0xc0a80200, dstBits: 24, action: ACTION_FORWARD, target: 2 };
    for (const rules of [
      [drop, forward],
      [forward, drop],
    ]) {
      const engine = node(variant);
      for (const entry of rules) engine.addRule(entry);
      assert.equal(rules[engine.matchRule(0xc0a80264)], forward);
      assert.equal(rules[engine.matchRule(0x08080808)], drop);
      release(engine);
    }
  });

  seededTest(`lookups equal a linear scan, rules in force at once (${variant})`, (random) => {
    let lookups = 0;
    while (lookups < 12_000) {
      const engine = node(variant);
      const { call } = engine.engine;
      const rules: Rule[] = [];
      assert.equal(engine.matchRule(address(random)), -1, "an empty table matches nothing");
      const total = random.pick([1, 5, 40, 300]);
      while (rules.length < total) {
        const held = call.region(REGION_RULES);
        const old = engine.engine.u8.slice(held, held + rules.length * RULE_STRIDE);
        const entry = random.chance(0.1) && rules.length > 0 ? { ...random.pick(rules) } : rule(random);
        rules.push(entry);
        assert.equal(engine.addRule(entry), 0);
        assert.equal(call.ruleCount(), rules.length);
        // A reader that still holds the old table finishes with it.
        assert.notEqual(call.region(REGION_RULES), held);
        assert.ok(
          Buffer.from(old).equals(engine.engine.u8.subarray(held, held + old.length)),
          "old table changed",
        );
        // Every prefix boundary of the new rule: first and last address inside, first ones outside.
        const size = 2 ** (32 - entry.dstBits);
        const first = entry.dst - (entry.dst % size);
        for (const probe of [first, first + size - 1, first - 1, first + size, address(random)]) {
          const destination = probe >>> 0;
          assert.equal(
            engine.matchRule(destination),
            scanPolicy(rules, destination),
            `destination ${destination}`,
          );
          lookups++;
        }
      }
      rules.forEach((entry, index) => {
        assert.deepEqual(readRule(engine, index), entry);
      });
      release(engine);
    }
  });

  seededTest(`a full table refuses more and stays as it is (${variant})`, (random) => {
    const engine = node(variant);
    const rules = Array.from({ length: CAPACITY }, () => rule(random));
    for (const entry of rules) assert.equal(engine.addRule(entry), 0);
    const probes = Array.from({ length: 300 }, () => address(random));
    const before = probes.map((probe) => engine.matchRule(probe));
    assert.deepEqual(
      before,
      probes.map((probe) => scanPolicy(rules, probe)),
    );
    assert.equal(
      engine.addRule({ dst: probes[0]!, dstBits: 32, action: ACTION_DROP, target: 0 }),
      TABLE_FULL,
    );
    assert.equal(engine.engine.call.ruleCount(), CAPACITY);
    assert.deepEqual(
      probes.map((probe) => engine.matchRule(probe)),
      before,
    );
    release(engine);
  });
}
