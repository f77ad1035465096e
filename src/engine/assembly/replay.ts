// The replay window, wire-protocol.md §14: 64 sequence numbers behind the highest accepted one.

import { WINDOW_HIGHEST, WINDOW_MAP } from "./records";

export function resetWindow(window: usize): void {
  store<u64>(window, 0, WINDOW_HIGHEST);
  store<u64>(window, 0, WINDOW_MAP);
}

/** Accepts each sequence number at most once, and none older than the window. */
export function acceptOnce(window: usize, seq: u64): bool {
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
