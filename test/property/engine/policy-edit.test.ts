// Changing the engine's policy table while it is in use, against a list and a linear scan (policy.md §3 and §6).

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addRule, type Rule, writeRule } from "../../../src/core/policy/roles.ts";
import { readRule } from "../../../src/core/policy/text.ts";
import {
  DEFAULT_RX_BUFFERS,
  REGION_SCRATCH,
  REGION_STAGED,
  RULE_STRIDE,
  TABLE_FULL,
} from "../../../src/engine/abi.ts";
import { type EngineVariant, loadEngine } from "../../../src/engine/load.ts";
import { matchRule } from "../../support/engine/match-rule.ts";

const CAPACITY = 40;

/** Few prefixes, close together, so that they nest, repeat, and differ in host bits only. */
const address = fc.oneof(
  fc.tuple(fc.constantFrom(0x0a000000, 0x0a000100, 0xfffffff0), fc.nat(15)).map(([a, b]) => a + b),
  fc.nat(0xffffffff),
);
/** As core makes its objects. */
const PLAIN = { noNullPrototype: true };
const cidr = fc.record({ address, bits: fc.constantFrom(0, 8, 23, 24, 28, 30, 31, 32) }, PLAIN);
const rule: fc.Arbitrary<Rule> = fc.record({
  src: fc.oneof(fc.constant({ address: 0, bits: 0 }), cidr),
  dst: cidr,
  action: fc.constantFrom(0, 1),
  target: fc.nat(5),
});

type Operation =
  | { kind: "add"; rule: Rule }
  | { kind: "replace"; rules: Rule[] }
  | { kind: "abandon"; rules: Rule[] }
  | { kind: "del"; index: number; rule: Rule; source: boolean };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("add" as const), rule }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      rules: fc.array(rule, { maxLength: CAPACITY }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("abandon" as const), rules: fc.array(rule, { maxLength: 9 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("del" as const),
      index: fc.nat(60),
      rule,
      source: fc.boolean(),
    }),
  },
);

/** The first bits of an address, as text. */
function bitsOf(value: number, count: number): string {
  return value.toString(2).padStart(32, "0").slice(0, count);
}

function holds(prefix: Rule["dst"], value: number): boolean {
  return bitsOf(prefix.address, prefix.bits) === bitsOf(value, prefix.bits);
}

function same(a: Rule["dst"], b: Rule["dst"]): boolean {
  return a.bits === b.bits && holds(a, b.address);
}

/** Index of the rule that decides, or -1. */
function scan(rules: readonly Rule[], destination: number, source: number, matchSrc: boolean): number {
  let best = -1;
  rules.forEach(({ src, dst }, index) => {
    if (!holds(dst, destination) || (matchSrc && !holds(src, source))) return;
    const winner = rules[best];
    if (winner === undefined || dst.bits > winner.dst.bits) best = index;
    else if (matchSrc && dst.bits === winner.dst.bits && src.bits > winner.src.bits) best = index;
  });
  return best;
}

function edited(variant: EngineVariant, matchSrc: boolean, numRuns: number): void {
  const engine = loadEngine(variant);
  const { call } = engine;
  const stage = (rules: readonly Rule[], piece: number): void => {
    rules.forEach((entry, i) => {
      writeRule(engine, call.region(REGION_STAGED) + i * RULE_STRIDE, entry);
    });
    call.beginRules();
    for (let from = 0; from < rules.length; from += piece)
      assert.equal(call.stageRules(from, Math.min(piece, rules.length - from)), 0);
  };
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 25 }),
      fc.array(fc.tuple(address, address), { minLength: 5 }),
      (operations, probes) => {
        call.init(2, CAPACITY, DEFAULT_RX_BUFFERS);
        call.setMatchSrc(matchSrc ? 1 : 0);
        let rules: Rule[] = [];
        const judge = (): void => {
          assert.equal(call.ruleCount(), rules.length);
          rules.forEach((entry, i) => {
            const { action, src, dst, target } = readRule(engine, i);
            assert.deepEqual(
              { src, dst, action, target },
              { ...entry, target: action === 1 ? entry.target : 0 },
            );
          });
          const edges = rules.flatMap(({ src, dst }) => [
            [dst.address, src.address],
            [dst.address ^ 1, src.address ^ 1],
          ]);
          for (const [destination, source] of [...probes, ...edges]) {
            const [to, from] = [destination! >>> 0, source! >>> 0];
            assert.equal(matchRule(engine, to, from), scan(rules, to, from, matchSrc), `${to} from ${from}`);
          }
        };
        for (const step of operations) {
          if (step.kind === "add") {
            assert.equal(addRule(engine, step.rule), rules.length < CAPACITY);
            if (rules.length < CAPACITY) rules = [...rules, step.rule];
          } else if (step.kind === "del") {
            const match = rules[step.index] ?? step.rule;
            call.beginRules();
            let left = 0;
            for (let from = 0; from < rules.length; from += 7) {
              writeRule(engine, call.region(REGION_SCRATCH), match);
              left += call.keepRules(from, 7, call.region(REGION_SCRATCH), step.source ? 1 : 0);
            }
            judge();
            const kept = rules.filter(
              (r) => !same(r.dst, match.dst) || (step.source && !same(r.src, match.src)),
            );
            assert.equal(left, rules.length - kept.length);
            call.commitRules();
            rules = kept;
          } else {
            stage(step.rules, 7);
            // Until then every packet is decided by the table in force.
            judge();
            if (step.kind === "abandon") continue;
            call.commitRules();
            rules = step.rules;
          }
          judge();
        }
      },
    ),
    { numRuns },
  );
}

for (const variant of ["simd", "plain"] as const) {
  for (const matchSrc of [false, true]) {
    test(`edits equal those of a list, sources ${matchSrc ? "matched" : "ignored"} (${variant})`, () => {
      edited(variant, matchSrc, 400);
    });
  }
}

test("no more than the table holds is staged, and nothing beside the staging area is read", () => {
  const engine = loadEngine();
  const { call } = engine;
  call.init(2, CAPACITY, DEFAULT_RX_BUFFERS);
  call.beginRules();
  assert.equal(call.stageRules(0, CAPACITY + 1), TABLE_FULL);
  assert.equal(call.stageRules(CAPACITY, 1), TABLE_FULL);
  assert.equal(call.stageRules(0xffffffff, 2), TABLE_FULL);
  assert.equal(call.stageRules(1, 0xffffffff), TABLE_FULL);
  assert.equal(call.stageRules(0, CAPACITY), 0);
  assert.equal(call.stageRules(0, 1), TABLE_FULL);
  call.commitRules();
  assert.equal(call.ruleCount(), CAPACITY);
});

test("the largest table with the most peers fits into the engine's memory and is replaced and searched", () => {
  const engine = loadEngine();
  const { call } = engine;
  const RULES = 65536;
  assert.equal(call.init(16384, RULES, DEFAULT_RX_BUFFERS), 0);
  call.setMatchSrc(1);
  const base = call.region(REGION_STAGED);
  for (let i = 0; i < RULES; i++) {
    const dst = { address: 0x0a000000 + i * 256, bits: 24 };
    writeRule(engine, base + i * RULE_STRIDE, { src: { address: 0, bits: 0 }, dst, action: 1, target: i });
  }
  for (let round = 0; round < 3; round++) {
    call.beginRules();
    assert.equal(call.stageRules(0, RULES), 0);
    call.commitRules();
    for (let i = 0; i < RULES; i += 997) assert.equal(matchRule(engine, 0x0a000000 + i * 256 + 7), i);
  }
});
