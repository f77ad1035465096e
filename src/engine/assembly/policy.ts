// The policy table, policy.md: longest prefix wins, ties go to the earliest rule.
//
// Two tables. An append builds the inactive one and flips an index, so a reader sees the old table or the new one.
// Each table is its rules in order, followed by a hash index of (prefix length, masked destination) → first rule
// with it. A lookup probes once per prefix length in use, whatever the number of rules.

import { OK, RULE_DST, RULE_SRC, RULE_STRIDE, TABLE_FULL } from "../abi";
import { markTablesDirty, policyBase, policySlots, policyStride, ruleCapacity } from "./layout";
import {
  clampPrefix,
  forgetLengths,
  hashOf,
  isSamePrefix,
  Key,
  keyOfPrefix,
  LONGER_THAN_ALL,
  lengthOf,
  masked,
  nextLength,
  useLength,
} from "./prefix";

let active: u32 = 0;
export let ruleTotal: u32 = 0;

export function resetPolicy(): void {
  active = 0;
  ruleTotal = 0;
  forgetLengths();
}

/** Offset of the rules of the table in force. */
export function activeRules(): usize {
  return policyBase + active * policyStride;
}

function indexOf(table: usize): usize {
  return table + ruleCapacity * RULE_STRIDE;
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

/** Copies a rule to place `index` of a table that holds all rules before it, and enters it in the table's index. */
function place(table: usize, index: u32, from: usize): void {
  const rule = table + index * RULE_STRIDE;
  memory.copy(rule, from, RULE_STRIDE);
  clampPrefix(rule + RULE_SRC);
  clampPrefix(rule + RULE_DST);
  const at = probe(table, keyOfPrefix(rule + RULE_DST), lengthOf(rule + RULE_DST));
  if (load<u32>(at) == 0) store<u32>(at, index + 1);
}

/**
 * Appends the rule at `from`, a RULE_* record, to the inactive table and puts that in force. The inactive table lacks
 * just the rule that was appended last, so the cost does not grow with the table. OK or TABLE_FULL.
 */
export function appendRule(from: usize): i32 {
  if (ruleTotal >= ruleCapacity) return TABLE_FULL;
  markTablesDirty();
  const next = policyBase + (active ^ 1) * policyStride;
  if (ruleTotal > 0) place(next, ruleTotal - 1, ruleAt(ruleTotal - 1));
  place(next, ruleTotal, from);
  useLength(lengthOf(next + ruleTotal * RULE_STRIDE + RULE_DST));
  ruleTotal++;
  active ^= 1;
  return OK;
}

/** Index of the rule for a destination, or -1. */
export function lookUp(destination: Key): i32 {
  const table = activeRules();
  for (let bits = nextLength(LONGER_THAN_ALL); bits >= 0; bits = nextLength(bits)) {
    const entry = load<u32>(probe(table, masked(destination, bits), bits));
    if (entry != 0) return <i32>entry - 1;
  }
  return -1;
}

export function ruleAt(index: u32): usize {
  return activeRules() + index * RULE_STRIDE;
}
