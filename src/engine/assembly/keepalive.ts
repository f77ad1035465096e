// The keepalive schedule, wire-protocol.md §15: empty datagrams to those peers that are to get any, jittered when
// obfuscating. A heap has the one that is due next in front, so a look costs the same for one peer and for thousands.

import { FLAG_KEEPALIVE } from "../abi";
import { monotonicNs, msUntil } from "./clock";
import { keepaliveBase, keepaliveHeap } from "./layout";
import { obfuscating } from "./node";
import { hasEndpoint } from "./peers";
import { random } from "./random";
import { KEEPALIVE_DUE, KEEPALIVE_PLACE, KEEPALIVE_SECONDS, KEEPALIVE_STRIDE } from "./records";
import { sealAndStage } from "./seal";
import { hasRoom, KIND_KEEPALIVE, returnSegment, takeSegment } from "./stage";

const NS_PER_S: u64 = 1000000000;
/** Keepalives staged by one tick: packets wait for them. */
const BURST: u32 = 32;

/** Peers in the heap. */
let total: u32 = 0;

function recordOf(peer: u32): usize {
  return keepaliveBase + peer * KEEPALIVE_STRIDE;
}

function peerIn(place: u32): u32 {
  return load<u32>(keepaliveHeap + (place << 2));
}

function dueIn(place: u32): u64 {
  return load<u64>(recordOf(peerIn(place)), KEEPALIVE_DUE);
}

function put(place: u32, peer: u32): void {
  store<u32>(keepaliveHeap + (place << 2), peer);
  store<u32>(recordOf(peer), place + 1, KEEPALIVE_PLACE);
}

function swap(a: u32, b: u32): void {
  const peer = peerIn(a);
  put(a, peerIn(b));
  put(b, peer);
}

/** Brings the peer at `place`, whose due time has changed, to where it belongs. */
function settle(place: u32): void {
  let at = place;
  while (at != 0 && dueIn(at) < dueIn((at - 1) >> 1)) {
    swap(at, (at - 1) >> 1);
    at = (at - 1) >> 1;
  }
  while (true) {
    let next: u32 = 2 * at + 1;
    if (next >= total) return;
    if (next + 1 < total && dueIn(next + 1) < dueIn(next)) next++;
    if (dueIn(at) <= dueIn(next)) return;
    swap(at, next);
    at = next;
  }
}

function schedule(peer: u32): void {
  const record = recordOf(peer);
  const interval = <u64>load<u32>(record, KEEPALIVE_SECONDS) * NS_PER_S;
  let wait = interval;
  if (obfuscating) {
    const half = interval / 2;
    wait = half + (random() % (half + 1));
  }
  store<u64>(record, monotonicNs() + wait, KEEPALIVE_DUE);
  settle(load<u32>(record, KEEPALIVE_PLACE) - 1);
}

/** Forgets all of them; their records are cleared with the tables. */
export function stopKeepalive(): void {
  total = 0;
}

/**
 * Keepalives to a peer every `seconds`, the first one at once: until then nobody there can reach this node. 0 stops them.
 */
export function startKeepalive(seconds: u32, peer: u32): void {
  const record = recordOf(peer);
  const place = load<u32>(record, KEEPALIVE_PLACE);
  store<u32>(record, seconds, KEEPALIVE_SECONDS);
  if (seconds == 0) {
    if (place != 0) remove(place - 1);
    return;
  }
  store<u64>(record, monotonicNs(), KEEPALIVE_DUE);
  if (place == 0) put(total++, peer);
  settle(load<u32>(record, KEEPALIVE_PLACE) - 1);
}

function remove(place: u32): void {
  store<u32>(recordOf(peerIn(place)), 0, KEEPALIVE_PLACE);
  total--;
  if (place == total) return;
  put(place, peerIn(total));
  settle(place);
}

/** Stages the keepalives that are due, as far as there is room for them. */
export function keepaliveTick(): void {
  const now = monotonicNs();
  for (let i: u32 = 0; i < BURST && total != 0 && dueIn(0) <= now && hasRoom(); i++) {
    const peer = peerIn(0);
    if (hasEndpoint(peer) && !sealAndStage(peer, KIND_KEEPALIVE, FLAG_KEEPALIVE, takeSegment(), 0)) {
      returnSegment();
    }
    schedule(peer);
  }
}

/** Milliseconds to the next keepalive, rounded up; 0 when overdue, -1 when there is none. */
export function keepaliveTimeout(): i32 {
  return total == 0 ? -1 : msUntil(dueIn(0));
}
