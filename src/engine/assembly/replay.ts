// The replay window, wire-protocol.md §14: 64 sequence numbers behind the highest accepted one.
//
// State: u64 highest at 0; u64 map at 8, bit i set when highest - i was accepted.

const HIGHEST: usize = 0;
const MAP: usize = 8;

export function resetWindow(window: usize): void {
  store<u64>(window, 0, HIGHEST);
  store<u64>(window, 0, MAP);
}

/** Accepts each sequence number at most once, and none older than the window. */
export function acceptOnce(window: usize, seq: u64): bool {
  const highest = load<u64>(window, HIGHEST);
  if (seq > highest) {
    const shift = seq - highest;
    const map = load<u64>(window, MAP);
    store<u64>(window, shift >= 64 ? 1 : (map << shift) | 1, MAP);
    store<u64>(window, seq, HIGHEST);
    return true;
  }
  const behind = highest - seq;
  if (behind >= 64) return false;
  const bit = (<u64>1) << behind;
  const map = load<u64>(window, MAP);
  if ((map & bit) != 0) return false;
  store<u64>(window, map | bit, MAP);
  return true;
}
