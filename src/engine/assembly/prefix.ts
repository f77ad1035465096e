// Inner addresses and prefixes: with the views in wire/, the one place in the engine that knows how wide an address is.
// Everyone else passes keys, which ip.ts makes of a packet's addresses, and the offsets of PREFIX_* records.

import { PREFIX_ADDRESS, PREFIX_BITS, PREFIX_STRIDE } from "../abi";

const ADDRESS_BITS: u32 = 32;
const ALL: u32 = 0xffffffff;

/** An address, ready for comparing with prefixes. */
export type Key = u32;

/** Network mask of a prefix length 0 … ADDRESS_BITS. */
function maskOf(bits: u32): u32 {
  return bits == 0 ? 0 : ALL << (ADDRESS_BITS - bits);
}

/** The key of an address as it stands in a packet. */
export function keyAt(address: usize): Key {
  return bswap<u32>(load<u32>(address));
}

/** The key of a prefix, host bits cleared. */
export function keyOfPrefix(prefix: usize): Key {
  return load<u32>(prefix, PREFIX_ADDRESS) & maskOf(load<u32>(prefix, PREFIX_BITS));
}

/** The key with all but the first `bits` bits cleared. */
export function masked(key: Key, bits: u32): Key {
  return key & maskOf(bits);
}

export function lengthOf(prefix: usize): u32 {
  return load<u32>(prefix, PREFIX_BITS);
}

export function copyPrefix(to: usize, from: usize): void {
  memory.copy(to, from, PREFIX_STRIDE);
}

/** True when the record's length is one that an address has. */
export function isPrefix(prefix: usize): bool {
  return lengthOf(prefix) <= ADDRESS_BITS;
}

/** Cuts a length that no address has. */
export function clampPrefix(prefix: usize): void {
  store<u32>(prefix, min<u32>(lengthOf(prefix), ADDRESS_BITS), PREFIX_BITS);
}

/** True when an address lies in the prefix. */
export function contains(prefix: usize, address: Key): bool {
  return masked(address ^ load<u32>(prefix, PREFIX_ADDRESS), lengthOf(prefix)) == 0;
}

/** True when both prefixes hold the same addresses, whatever their host bits. */
export function isSameNetwork(prefix: usize, other: usize): bool {
  return isSamePrefix(prefix, keyOfPrefix(other), lengthOf(other));
}

/** True when the prefix is the one of this length and this key, masked to it. */
export function isSamePrefix(prefix: usize, key: Key, bits: u32): bool {
  return lengthOf(prefix) == bits && masked(load<u32>(prefix, PREFIX_ADDRESS), bits) == key;
}

/** Hash of a key masked to `bits`. */
export function hashOf(key: Key, bits: u32): u32 {
  const hash = (key + bits) * 0x9e3779b1;
  return hash ^ (hash >> 15);
}

/** Hash of two keys, each masked to its own bits. */
export function hashOfBoth(key: Key, bits: u32, other: Key, otherBits: u32): u32 {
  const hash = (hashOf(key, bits) * 0x85ebca6b) ^ hashOf(other, otherBits);
  return hash ^ (hash >> 13);
}

/** A set of prefix lengths: bit n is set when it holds n. */
export type Lengths = u64;
export const NO_LENGTHS: Lengths = 0;

/** The set with one length more. */
export function withLength(set: Lengths, bits: u32): Lengths {
  return set | ((<u64>1) << bits);
}

/** Longer than any prefix: where a walk through a set begins. */
export const LONGER_THAN_ALL: i32 = ADDRESS_BITS + 1;

/** The longest length of the set that is shorter than `bits`, or -1. */
export function nextLength(set: Lengths, bits: i32): i32 {
  return 63 - <i32>clz<u64>(set & (((<u64>1) << bits) - 1));
}
