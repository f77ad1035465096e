// The keepalive schedule, wire-protocol.md §15: a spoke's empty datagram to its hub, jittered when obfuscating.

import { FLAG_KEEPALIVE } from "../abi";
import { monotonicNs } from "./clock";
import { WORK_KEEPALIVE, workBase } from "./layout";
import { obfuscating } from "./node";
import { random } from "./random";
import { sealAndStage } from "./seal";
import { KIND_KEEPALIVE } from "./stage";

const NS_PER_S: u64 = 1000000000;
const NS_PER_MS: u64 = 1000000;

let interval: u64 = 0;
let peer: u32 = 0;
let due: u64 = 0;

function schedule(): void {
  let wait = interval;
  if (obfuscating) {
    const half = interval / 2;
    wait = half + (random() % (half + 1));
  }
  due = monotonicNs() + wait;
}

export function stopKeepalive(): void {
  interval = 0;
}

/** Keepalives to `index` every `seconds`, the first one at once: until then nobody can reach this node. 0 stops them. */
export function startKeepalive(seconds: u32, index: u32): void {
  interval = <u64>seconds * NS_PER_S;
  peer = index;
  due = monotonicNs();
}

/** Stages a keepalive when it is due. The stage must be empty. */
export function keepaliveTick(): void {
  if (interval == 0 || monotonicNs() < due) return;
  sealAndStage(peer, KIND_KEEPALIVE, FLAG_KEEPALIVE, workBase + WORK_KEEPALIVE, 0);
  schedule();
}

/** Milliseconds to the next keepalive, rounded up; 0 when overdue, -1 when there is none. */
export function keepaliveTimeout(): i32 {
  if (interval == 0) return -1;
  const now = monotonicNs();
  if (now >= due) return 0;
  const ms = (due - now + NS_PER_MS - 1) / NS_PER_MS;
  return <i32>min<u64>(ms, i32.MAX_VALUE);
}
