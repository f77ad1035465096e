// Time as the host last wrote it. The engine never asks a clock itself.

import { clockBase } from "./layout";

const NS_PER_S: u64 = 1000000000;
const NS_PER_MS: u64 = 1000000;
/** 2024-01-01T00:00:00Z in ns: no legal boot epoch is earlier (wire-protocol.md §1). */
export const MIN_EPOCH: u64 = 1704067200000000000;

/** Wall clock in ns since 1970, 0 when it cannot be expressed (negative, or past the year 2554). */
export function wallNs(): u64 {
  const seconds = load<u64>(clockBase);
  if (seconds >= 18446744073) return 0;
  return seconds * NS_PER_S + load<u64>(clockBase, 8);
}

/** Milliseconds until the monotonic clock shows `due` ns, rounded up, 0 from then on. */
export function msUntil(due: u64): i32 {
  const now = monotonicNs();
  if (now >= due) return 0;
  return <i32>min<u64>((due - now + NS_PER_MS - 1) / NS_PER_MS, i32.MAX_VALUE);
}

/** Monotonic clock in ns. */
export function monotonicNs(): u64 {
  return load<u64>(clockBase, 16) * NS_PER_S + load<u64>(clockBase, 24);
}
