// A moment at which the host wants its turn, beside the keepalives that are due: what it does now and then costs the
// packets' way nothing until it has come.

import { monotonicNs } from "./clock";

const NS_PER_S: u64 = 1000000000;
const NS_PER_MS: u64 = 1000000;
const NONE: u32 = u32.MAX_VALUE;

/** Second of the monotonic clock. */
let second: u32 = NONE;

/** The largest number: no alarm. */
export function setAlarm(at: u32): void {
  second = at;
}

/** Milliseconds to it, rounded up, 0 from then on, -1 when there is none. */
export function alarmTimeout(): i32 {
  if (second == NONE) return -1;
  const now = monotonicNs();
  const due = <u64>second * NS_PER_S;
  if (now >= due) return 0;
  return <i32>min<u64>((due - now + NS_PER_MS - 1) / NS_PER_MS, i32.MAX_VALUE);
}
