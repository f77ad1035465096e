// The replay window, wire-protocol.md §14: 64 sequence numbers behind the highest accepted one, or as many as
// replay_window says.

import { MIN_REPLAY_WINDOW } from "../abi";
import { windowBase, windowBits } from "./layout";
import { WINDOW_HIGHEST, WINDOW_MAP } from "./records";

/** @param index of the peer whose window it is */
export function resetWindow(index: u32, window: usize): void {
  store<u64>(window, 0, WINDOW_HIGHEST);
  store<u64>(window, 0, WINDOW_MAP);
  if (windowBits > <u32>MIN_REPLAY_WINDOW) memory.fill(ringOf(index), 0, windowBits >> 3);
}

/** Accepts each sequence number at most once, and none older than the window. */
export function acceptOnce(index: u32, window: usize, seq: u64): bool {
  if (windowBits > <u32>MIN_REPLAY_WINDOW) return acceptInRing(ringOf(index), window, seq);
  const highest = load<u64>(window, WINDOW_HIGHEST);
  if (seq > highest) {
    const shift = seq - highest;
    const map = load<u64>(window, WINDOW_MAP);
    store<u64>(window, shift >= 64 ? 1 : (map << shift) | 1, WINDOW_MAP);
    store<u64>(window, seq, WINDOW_HIGHEST);
    return true;
  }
  const behind = highest - seq;
  if (behind >= 64) return false;
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

function acceptInRing(ring: usize, window: usize, seq: u64): bool {
  const highest = load<u64>(window, WINDOW_HIGHEST);
  if (seq > highest) {
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
