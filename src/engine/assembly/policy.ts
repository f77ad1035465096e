// The policy table, policy.md: longest destination wins, then, where sources take part, longest source, then the
// earliest rule.
//
// Two tables. An append builds the inactive one and flips an index, and so does a replacement, so a reader sees the old
// table or the new one. Each table is its rules in order, followed by hash indexes of (prefix length, masked prefix) →
// first rule with it: one by destination, one by destination and source. A lookup probes once per prefix length in
// use, whatever the number of rules.

import { OK, RULE_DST, RULE_SRC, RULE_STRIDE, TABLE_FULL } from "../abi";
import { markTablesDirty, policyBase, policySlots, policyStride, ruleCapacity, stagedBase } from "./layout";
import {
  clampPrefix,
  hashOf,
  hashOfBoth,
  isSameNetwork,
  isSamePrefix,
  Key,
  keyOfPrefix,
  Lengths,
  LONGER_THAN_ALL,
  lengthOf,
  masked,
  NO_LENGTHS,
  nextLength,
  withLength,
} from "./prefix";
import { destinationOf, sourceOf } from "./wire/ip";

let active: u32 = 0;
export let ruleTotal: u32 = 0;
/** Lengths in use in the table in force. */
let lengths: Lengths = NO_LENGTHS;
let sourceLengths: Lengths = NO_LENGTHS;

/** Whether sources take part. */
let matchesSources: bool = false;

/** False while the inactive table lacks just the rule that was appended last. */
let stale: bool = false;
/** The new table, while one is made. */
let stagedTotal: u32 = 0;
let stagedLengths: Lengths = NO_LENGTHS;
let stagedSourceLengths: Lengths = NO_LENGTHS;

export function resetPolicy(): void {
  active = 0;
  ruleTotal = 0;
  lengths = NO_LENGTHS;
  sourceLengths = NO_LENGTHS;
  matchesSources = false;
  stale = false;
  stagedTotal = 0;
}

/** Before the first rule: the index by both exists only where it is needed. */
export function setSourceMatching(on: bool): void {
  matchesSources = on;
}

/** Offset of the rules of the table in force. */
export function activeRules(): usize {
  return policyBase + active * policyStride;
}

function inactiveRules(): usize {
  return policyBase + (active ^ 1) * policyStride;
}

function indexOf(table: usize): usize {
  return table + ruleCapacity * RULE_STRIDE;
}

function pairIndexOf(table: usize): usize {
  return indexOf(table) + (policySlots << 2);
}

/** Bytes of the indexes that are in use; they lie one behind the other. */
function indexLength(): usize {
  return matchesSources ? policySlots << 3 : policySlots << 2;
}

/** Position in the index of a prefix, given as its masked key: its slot, or the free slot where it belongs. */
function probe(table: usize, prefix: Key, bits: u32): usize {
  const index = indexOf(table);
  let slot = hashOf(prefix, bits) & (policySlots - 1);
  while (true) {
    const at = index + (slot << 2);
    const entry = load<u32>(at);
    if (entry == 0) return at;
    const rule = table + (entry - 1) * RULE_STRIDE;
    if (isSamePrefix(rule + RULE_DST, prefix, bits)) return at;
    slot = (slot + 1) & (policySlots - 1);
  }
}

/** The same of a destination and a source. */
function probePair(table: usize, destination: Key, bits: u32, source: Key, sourceBits: u32): usize {
  const index = pairIndexOf(table);
  let slot = hashOfBoth(destination, bits, source, sourceBits) & (policySlots - 1);
  while (true) {
    const at = index + (slot << 2);
    const entry = load<u32>(at);
    if (entry == 0) return at;
    const rule = table + (entry - 1) * RULE_STRIDE;
    if (isSamePrefix(rule + RULE_DST, destination, bits) && isSamePrefix(rule + RULE_SRC, source, sourceBits))
      return at;
    slot = (slot + 1) & (policySlots - 1);
  }
}

/** Copies a rule to place `index` of a table that holds all rules before it, and enters it in the table's indexes. */
function place(table: usize, index: u32, from: usize): void {
  const rule = table + index * RULE_STRIDE;
  memory.copy(rule, from, RULE_STRIDE);
  clampPrefix(rule + RULE_SRC);
  clampPrefix(rule + RULE_DST);
  const destination = keyOfPrefix(rule + RULE_DST);
  const bits = lengthOf(rule + RULE_DST);
  enter(probe(table, destination, bits), index);
  if (matchesSources)
    enter(
      probePair(table, destination, bits, keyOfPrefix(rule + RULE_SRC), lengthOf(rule + RULE_SRC)),
      index,
    );
}

/** The first rule of a kind keeps the place. */
function enter(at: usize, index: u32): void {
  if (load<u32>(at) == 0) store<u32>(at, index + 1);
}

/**
 * Appends the rule at `from`, a RULE_* record, to the inactive table and puts that in force. The inactive table lacks
 * just the rule that was appended last, so the cost does not grow with the table; after a replacement it is copied
 * once. OK or TABLE_FULL.
 */
export function appendRule(from: usize): i32 {
  if (ruleTotal >= ruleCapacity) return TABLE_FULL;
  markTablesDirty();
  const next = inactiveRules();
  if (stale) copyTable(next);
  else if (ruleTotal > 0) place(next, ruleTotal - 1, ruleAt(ruleTotal - 1));
  stale = false;
  place(next, ruleTotal, from);
  const rule = next + ruleTotal * RULE_STRIDE;
  lengths = withLength(lengths, lengthOf(rule + RULE_DST));
  sourceLengths = withLength(sourceLengths, lengthOf(rule + RULE_SRC));
  ruleTotal++;
  active ^= 1;
  return OK;
}

/** Makes the inactive table a copy of the one in force. */
function copyTable(to: usize): void {
  const from = activeRules();
  memory.copy(to, from, ruleTotal * RULE_STRIDE);
  memory.copy(indexOf(to), indexOf(from), indexLength());
}

/** Begins a new table in the place of the inactive one. No rule is appended before commitTable. */
export function beginTable(): void {
  markTablesDirty();
  memory.fill(indexOf(inactiveRules()), 0, indexLength());
  stale = true;
  stagedTotal = 0;
  stagedLengths = NO_LENGTHS;
  stagedSourceLengths = NO_LENGTHS;
}

function stage(from: usize): void {
  const table = inactiveRules();
  place(table, stagedTotal, from);
  const rule = table + stagedTotal * RULE_STRIDE;
  stagedLengths = withLength(stagedLengths, lengthOf(rule + RULE_DST));
  stagedSourceLengths = withLength(stagedSourceLengths, lengthOf(rule + RULE_SRC));
  stagedTotal++;
}

/** Appends `count` records of the staging area from number `from` on to the new table. OK or TABLE_FULL. */
export function stageFrom(from: u32, count: u32): i32 {
  if (from > ruleCapacity || count > ruleCapacity - from || count > ruleCapacity - stagedTotal)
    return TABLE_FULL;
  for (let i: u32 = 0; i < count; i++) stage(stagedBase + (from + i) * RULE_STRIDE);
  return OK;
}

/**
 * Appends `count` rules of the table in force from number `from` on to the new table, but for those with the
 * destination (and with `source` the source) of the record at `match`. The number left out.
 */
export function keepFrom(from: u32, count: u32, match: usize, source: bool): u32 {
  let left: u32 = 0;
  const end = min<u32>(from + count, ruleTotal);
  for (let i = from; i < end && stagedTotal < ruleCapacity; i++) {
    const rule = ruleAt(i);
    const same =
      isSameNetwork(rule + RULE_DST, match + RULE_DST) &&
      (!source || isSameNetwork(rule + RULE_SRC, match + RULE_SRC));
    if (same) left++;
    else stage(rule);
  }
  return left;
}

/** Puts the new table in force. */
export function commitTable(): void {
  ruleTotal = stagedTotal;
  lengths = stagedLengths;
  sourceLengths = stagedSourceLengths;
  active ^= 1;
}

/** Index of the rule for a destination, or -1. */
function lookUp(destination: Key): i32 {
  const table = activeRules();
  for (let bits = nextLength(lengths, LONGER_THAN_ALL); bits >= 0; bits = nextLength(lengths, bits)) {
    const entry = load<u32>(probe(table, masked(destination, bits), bits));
    if (entry != 0) return <i32>entry - 1;
  }
  return -1;
}

/** Index of the rule for a destination and a source where sources take part, or -1. */
function lookUpPair(destination: Key, source: Key): i32 {
  const table = activeRules();
  for (let bits = nextLength(lengths, LONGER_THAN_ALL); bits >= 0; bits = nextLength(lengths, bits)) {
    const prefix = masked(destination, bits);
    if (load<u32>(probe(table, prefix, bits)) == 0) continue;
    let from = nextLength(sourceLengths, LONGER_THAN_ALL);
    for (; from >= 0; from = nextLength(sourceLengths, from)) {
      const entry = load<u32>(probePair(table, prefix, bits, masked(source, from), from));
      if (entry != 0) return <i32>entry - 1;
    }
  }
  return -1;
}

/** Index of the rule for two addresses, or -1. */
export function lookUpKeys(destination: Key, source: Key): i32 {
  return matchesSources ? lookUpPair(destination, source) : lookUp(destination);
}

/** Index of the rule for a packet that isCarried, or -1. */
export function lookUpPacket(packet: usize): i32 {
  return matchesSources ? lookUpPair(destinationOf(packet), sourceOf(packet)) : lookUp(destinationOf(packet));
}

export function ruleAt(index: u32): usize {
  return activeRules() + index * RULE_STRIDE;
}
