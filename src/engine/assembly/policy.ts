// The policy table, policy.md: longest prefix wins, ties go to the earliest rule.
//
// Two tables. An append builds the inactive one and flips an index, so a reader sees the old table or the new one.
// Each table is its rules in order, followed by a hash index of (prefix length, masked destination) → first rule
// with it. A lookup probes once per prefix length in use, whatever the number of rules.

import {
  OK,
  RULE_ACTION,
  RULE_DST,
  RULE_DST_BITS,
  RULE_SRC,
  RULE_SRC_BITS,
  RULE_STRIDE,
  RULE_TARGET,
  TABLE_FULL,
} from "../abi";
import { markTablesDirty, policyBase, policySlots, policyStride, ruleCapacity } from "./layout";
import { maskOf } from "./wire/ip4";

let active: u32 = 0;
export let ruleTotal: u32 = 0;
/** Bit n is set when some rule has a destination prefix of length n. */
let lengths: u64 = 0;

export function resetPolicy(): void {
  active = 0;
  ruleTotal = 0;
  lengths = 0;
}

/** Offset of the rules of the table in force. */
export function activeRules(): usize {
  return policyBase + active * policyStride;
}

function indexOf(table: usize): usize {
  return table + ruleCapacity * RULE_STRIDE;
}

function slotOf(prefix: u32, bits: u32): u32 {
  let hash = (prefix + bits) * 0x9e3779b1;
  hash ^= hash >> 15;
  return hash & (policySlots - 1);
}

/** Position in the index of (prefix, bits): its slot, or the free slot where it belongs. */
function probe(table: usize, prefix: u32, bits: u32): usize {
  const index = indexOf(table);
  const mask = maskOf(bits);
  let slot = slotOf(prefix, bits);
  while (true) {
    const at = index + (slot << 2);
    const entry = load<u32>(at);
    if (entry == 0) return at;
    const rule = table + (entry - 1) * RULE_STRIDE;
    if (load<u8>(rule, RULE_DST_BITS) == bits && (load<u32>(rule, RULE_DST) & mask) == prefix) return at;
    slot = (slot + 1) & (policySlots - 1);
  }
}

/** Writes rule `index` of a table that holds all rules before it, and enters it in the table's index. */
function place(
  table: usize,
  index: u32,
  src: u32,
  srcBits: u32,
  dst: u32,
  dstBits: u32,
  action: u32,
  target: u32,
): void {
  const rule = table + index * RULE_STRIDE;
  store<u32>(rule, src, RULE_SRC);
  store<u32>(rule, dst, RULE_DST);
  store<u8>(rule, srcBits, RULE_SRC_BITS);
  store<u8>(rule, dstBits, RULE_DST_BITS);
  store<u8>(rule, action, RULE_ACTION);
  store<u32>(rule, target, RULE_TARGET);
  const at = probe(table, dst & maskOf(dstBits), dstBits);
  if (load<u32>(at) == 0) store<u32>(at, index + 1);
}

/** Gives `table` rule `index` of `other`. */
function catchUp(table: usize, other: usize, index: u32): void {
  const rule = other + index * RULE_STRIDE;
  const srcBits: u32 = load<u8>(rule, RULE_SRC_BITS);
  const dstBits: u32 = load<u8>(rule, RULE_DST_BITS);
  const action: u32 = load<u8>(rule, RULE_ACTION);
  const target = load<u32>(rule, RULE_TARGET);
  place(table, index, load<u32>(rule, RULE_SRC), srcBits, load<u32>(rule, RULE_DST), dstBits, action, target);
}

/**
 * Appends a rule to the inactive table and puts that in force. The inactive table lacks just the rule that was
 * appended last, so the cost does not grow with the table. OK or TABLE_FULL.
 */
export function appendRule(src: u32, srcBits: u32, dst: u32, dstBits: u32, action: u32, target: u32): i32 {
  if (ruleTotal >= ruleCapacity) return TABLE_FULL;
  markTablesDirty();
  const next = policyBase + (active ^ 1) * policyStride;
  if (ruleTotal > 0) catchUp(next, activeRules(), ruleTotal - 1);
  place(next, ruleTotal, src, srcBits, dst, dstBits, action, target);
  lengths |= (<u64>1) << dstBits;
  ruleTotal++;
  active ^= 1;
  return OK;
}

/** Index of the rule for a destination, or -1. */
export function lookUp(destination: u32): i32 {
  const table = activeRules();
  let remaining = lengths;
  while (remaining != 0) {
    const bits = 63 - <u32>clz<u64>(remaining);
    const entry = load<u32>(probe(table, destination & maskOf(bits), bits));
    if (entry != 0) return <i32>entry - 1;
    remaining ^= (<u64>1) << bits;
  }
  return -1;
}

export function ruleAt(index: u32): usize {
  return activeRules() + index * RULE_STRIDE;
}
