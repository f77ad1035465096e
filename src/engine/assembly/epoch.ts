// This node's epoch, wire-protocol.md §4: the wall clock in ns, taken at the start and again when the machine seems to
// have been rolled back. All transmit sessions share it.
//
// A restored snapshot or a resumed container would go on with an epoch and with sequence numbers that its other life
// has used already: the same key and nonce twice. The wall clock gives it away: it is set right again, so it jumps
// ahead of the monotonic clock, which only runs while the machine does. Each look compares with the look before, not with the
// highest difference seen: after the wall clock was set back, a jump forward may be a rollback as well as the way back.
// A new epoch too many costs what a restart costs, one too few costs the keys.

import { CLOCK_UNAVAILABLE, OK } from "../abi";
import { MIN_EPOCH, monotonicNs, wallNs } from "./clock";
import { renewSendingKeys } from "./peers";
import { random } from "./random";

const NS_PER_US: u64 = 1000;
const NS_PER_MS: u64 = 1000000;
/** Wall clock minus monotonic clock may grow by this much between two looks: leap seconds and slewing are no rollback. */
const LARGEST_STEP: i64 = 1000000000;

export let localEpoch: u64 = 0;
/** Wall clock minus monotonic clock at the last look, in ns. */
let offset: i64 = 0;

/**
 * The wall clock, with random digits below its resolution where that is 1 µs or 1 ms: two starts within one tick of a
 * coarse clock must not take the same epoch. Never ahead by more than the resolution.
 */
function fineWallNs(): u64 {
  const now = wallNs();
  if (now % NS_PER_US != 0) return now;
  return now + (random() % (now % NS_PER_MS == 0 ? NS_PER_MS : NS_PER_US));
}

/** A repeated epoch with a sequence restarting at 1 would repeat nonces, so an implausible clock is refused. */
export function takeEpoch(): i32 {
  if (wallNs() < MIN_EPOCH) return CLOCK_UNAVAILABLE;
  localEpoch = fineWallNs();
  offset = wallNs() - monotonicNs();
  return OK;
}

/**
 * A new epoch and new sending keys for all peers, sequence numbers from 1, as a restart would; what has been received
 * stays. The epoch only rises: where the clock is behind, its finest digits keep two lives of one snapshot apart.
 */
export function renewEpoch(): void {
  const now = fineWallNs();
  localEpoch = now > localEpoch ? now : localEpoch + 1 + (now % NS_PER_MS);
  offset = wallNs() - monotonicNs();
  renewSendingKeys(localEpoch);
}

/** To be called with every fresh clock before anything is sealed. */
export function watchClock(): void {
  const wall = wallNs();
  // A clock that cannot be expressed says nothing.
  if (wall == 0) return;
  const current = <i64>(wall - monotonicNs());
  const step = current - offset;
  offset = current;
  if (step > LARGEST_STEP) renewEpoch();
}
