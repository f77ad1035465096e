// A moment at which the host wants its turn, beside the keepalives that are due: what it does now and then costs the
// packets' way nothing until it has come.

import { NO_ALARM } from "../abi";
import { msUntil } from "./clock";

const NS_PER_S: u64 = 1000000000;

/** Second of the monotonic clock. */
let second: u32 = <u32>NO_ALARM;

export function setAlarm(at: u32): void {
  second = at;
}

/** Milliseconds to it, rounded up, 0 from then on, -1 when there is none. */
export function alarmTimeout(): i32 {
  return second == <u32>NO_ALARM ? -1 : msUntil(<u64>second * NS_PER_S);
}
