// The replay window, wire-protocol.md §14: 64 sequence numbers behind the highest accepted one, or as many as
// replay_window says; and what is lost for good, control-protocol.md §12: numbers that it leaves behind unseen.

import { MIN_REPLAY_WINDOW, PEER_LOST } from "../abi";
import { windowBase, windowBits } from "./layout";
import { WINDOW_FIRST, WINDOW_HIGHEST, WINDOW_MAP } from "./records";

/** Numbers the window holds where it is a map in the peer's record. */
const WINDOW: u64 = 64;

/** @param index of the peer whose window it is */
export function resetWindow(index: u32, window: usize): void {
  store<u64>(window, 0, WINDOW_HIGHEST);
  store<u64>(window, 0, WINDOW_MAP);
  store<u64>(window, 0, WINDOW_FIRST);
  if (windowBits > <u32>MIN_REPLAY_WINDOW) memory.fill(ringOf(index), 0, windowBits >> 3);
}

/**
 * Counts the holes among the numbers that leave the window as it moves up by `shift`: those from the first number of
 * the epoch on that were not accepted. `ring` is 0 where the window is a map.
 */
function countLost(window: usize, ring: usize, peer: usize, highest: u64, shift: u64): void {
  if (highest == 0) {
    store<u64>(window, shift, WINDOW_FIRST);
    return;
  }
  const width: u64 = ring == 0 ? WINDOW : windowBits;
  const first = load<u64>(window, WINDOW_FIRST);
  // The numbers that leave are from … end-1; the window knows them up to last.
  const from = highest - first >= width - 1 ? highest - (width - 1) : first;
  const top = highest + shift;
  if (top < width || top - (width - 1) <= from) return;
  const end = top - (width - 1);
  const last = min<u64>(end - 1, highest);
  const seen = ring == 0 ? seenInMap(window, highest, from, last) : seenInRing(ring, from, last - from + 1);
  store<u64>(peer, load<u64>(peer, PEER_LOST) + (end - from - seen), PEER_LOST);
}

function seenInMap(window: usize, highest: u64, from: u64, last: u64): u64 {
  const map = load<u64>(window, WINDOW_MAP);
  return popcnt<u64>((map & (u64.MAX_VALUE >> (WINDOW - 1 - (highest - from)))) >> (highest - last));
}

function seenInRing(ring: usize, first: u64, count: u64): u64 {
  let seen: u64 = 0;
  let seq = first;
  let left = count;
  while (left != 0) {
    const bit = seq & 63;
    const run = min<u64>(64 - bit, left);
    seen += popcnt<u64>((load<u64>(wordOf(ring, seq)) >> bit) & (u64.MAX_VALUE >> (64 - run)));
    seq += run;
    left -= run;
  }
  return seen;
}

/** Accepts each sequence number at most once, and none older than the window. Counts what is lost at `peer`. */
export function acceptOnce(index: u32, window: usize, seq: u64, peer: usize): bool {
  if (windowBits > <u32>MIN_REPLAY_WINDOW) return acceptInRing(ringOf(index), window, seq, peer);
  const highest = load<u64>(window, WINDOW_HIGHEST);
  if (seq > highest) {
    const shift = seq - highest;
    const map = load<u64>(window, WINDOW_MAP);
    // In order, and nothing missing: only a number that was seen leaves.
    if (shift != 1 || map >> (WINDOW - 1) == 0) countLost(window, 0, peer, highest, shift);
    store<u64>(window, shift >= WINDOW ? 1 : (map << shift) | 1, WINDOW_MAP);
    store<u64>(window, seq, WINDOW_HIGHEST);
    return true;
  }
  const behind = highest - seq;
  if (behind >= WINDOW) return false;
  const bit = (<u64>1) << behind;
  const map = load<u64>(window, WINDOW_MAP);
  if ((map & bit) != 0) return false;
  store<u64>(window, map | bit, WINDOW_MAP);
  return true;
}

/** A ring of windowBits bits: that of sequence number s is number s modulo windowBits. */
function ringOf(index: u32): usize {
  return windowBase + index * (windowBits >> 3);
}

function wordOf(ring: usize, seq: u64): usize {
  return ring + ((<usize>(seq & (windowBits - 1)) >> 6) << 3);
}

function acceptInRing(ring: usize, window: usize, seq: u64, peer: usize): bool {
  const highest = load<u64>(window, WINDOW_HIGHEST);
  if (seq > highest) {
    const shift = seq - highest;
    // The bit of the only number that leaves is that of the one that comes.
    if (shift != 1 || ((load<u64>(wordOf(ring, seq)) >> (seq & 63)) & 1) == 0)
      countLost(window, ring, peer, highest, shift);
    forget(ring, highest + 1, seq - highest - 1);
    store<u64>(window, seq, WINDOW_HIGHEST);
  } else if (highest - seq >= windowBits) return false;
  const at = wordOf(ring, seq);
  const bit = (<u64>1) << (seq & 63);
  const map = load<u64>(at);
  if (seq <= highest && (map & bit) != 0) return false;
  store<u64>(at, map | bit);
  return true;
}

/** Clears the bits of `count` numbers from `first` on, which those that have left the window used before. */
function forget(ring: usize, first: u64, count: u64): void {
  if (count >= windowBits) {
    memory.fill(ring, 0, windowBits >> 3);
    return;
  }
  let seq = first;
  let left = count;
  while (left != 0) {
    const bit = seq & 63;
    const run = min<u64>(64 - bit, left);
    const mask = (run == 64 ? ~(<u64>0) : ((<u64>1) << run) - 1) << bit;
    const at = wordOf(ring, seq);
    store<u64>(at, load<u64>(at) & ~mask);
    seq += run;
    left -= run;
  }
}
