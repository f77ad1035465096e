// The counters of control-protocol.md §7: u64 each, in the order of COUNTER_*.

import { counterBase } from "./layout";

/** Adds `n` to a COUNTER_*. */
export function count(counter: u32, n: u64 = 1): void {
  const at = counterBase + (counter << 3);
  store<u64>(at, load<u64>(at) + n);
}
