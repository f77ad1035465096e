// Who this node is on the wire.

import { CLOCK_UNAVAILABLE, OK } from "../abi";
import { MIN_EPOCH, wallNs } from "./clock";

export let localId: u32 = 0;
export let obfuscating: bool = true;
/** Boot epoch: wall clock in ns, taken once, shared by all transmit sessions (wire-protocol.md §4). */
export let localEpoch: u64 = 0;

export function setIdentity(id: u32, obfuscate: bool): void {
  localId = id;
  obfuscating = obfuscate;
}

/** A repeated epoch with a sequence restarting at 1 would repeat nonces, so an implausible clock is refused. */
export function takeEpoch(): i32 {
  const now = wallNs();
  if (now < MIN_EPOCH) return CLOCK_UNAVAILABLE;
  localEpoch = now;
  return OK;
}
