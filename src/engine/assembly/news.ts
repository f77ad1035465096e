// What there is to tell about peers (daemon-cli.md §11): who was heard for the first time, moved, fell silent, returned.
//
// Each record holds what was told last, so the packets' way does nothing for it: what has changed since is seen by looking
// at all peers, which the host does at most once a second.

import {
  NEWS_BACK,
  NEWS_HEARD,
  NEWS_MOVED,
  NEWS_NONE,
  NEWS_SILENT,
  ONLINE_SECONDS,
  PEER_ENDPOINT,
  PEER_LAST_SEEN,
  PEER_TOLD,
  PEER_TOLD_ENDPOINT,
  TOLD_NOTHING,
  TOLD_ONLINE,
  TOLD_SILENT,
} from "../abi";
import { wallNs } from "./clock";
import { peerAt, peerTotal } from "./peers";

const NS_PER_S: u64 = 1000000000;
const NS_PER_MS: u64 = 1000000;
/** As the status: whole seconds, rounded down, up to ONLINE_SECONDS. */
const ONLINE_NS: u64 = <u64>(ONLINE_SECONDS + 1) * NS_PER_S;

/** When the peer told as online was last seen that was seen before all others, in ns; the largest number: there is none. */
let oldest: u64 = u64.MAX_VALUE;

function newsOf(peer: usize, now: u64): u32 {
  const seen = load<u64>(peer, PEER_LAST_SEEN);
  if (seen == 0) return NEWS_NONE;
  const told = load<u32>(peer, PEER_TOLD);
  if (told == TOLD_NOTHING) return NEWS_HEARD;
  const online = now < seen || now - seen < ONLINE_NS;
  if (told == TOLD_SILENT) return online ? NEWS_BACK : NEWS_NONE;
  if (!online) return NEWS_SILENT;
  return load<u64>(peer, PEER_ENDPOINT) == load<u64>(peer, PEER_TOLD_ENDPOINT) ? NEWS_NONE : NEWS_MOVED;
}

/** Index of the first peer from `first` to `end`-1 about which there is news, or -1. Begin a round with 0. */
export function findNews(first: u32, end: u32): i32 {
  const now = wallNs();
  const stop = min<u32>(end, peerTotal);
  if (first == 0) oldest = u64.MAX_VALUE;
  for (let i = first; i < stop; i++) {
    const peer = peerAt(i);
    if (newsOf(peer, now) != NEWS_NONE) return i;
    if (load<u32>(peer, PEER_TOLD) == TOLD_ONLINE) oldest = min<u64>(oldest, load<u64>(peer, PEER_LAST_SEEN));
  }
  return -1;
}

/** NEWS_* about a peer, which count as told from now on; the endpoint told before goes to `out` (8 bytes). */
export function tellNews(index: u32, out: usize): u32 {
  if (index >= peerTotal) return NEWS_NONE;
  const peer = peerAt(index);
  const news = newsOf(peer, wallNs());
  store<u64>(out, load<u64>(peer, PEER_TOLD_ENDPOINT));
  if (news == NEWS_NONE) return news;
  store<u64>(peer, load<u64>(peer, PEER_ENDPOINT), PEER_TOLD_ENDPOINT);
  store<u32>(peer, news == NEWS_SILENT ? TOLD_SILENT : TOLD_ONLINE, PEER_TOLD);
  if (news != NEWS_SILENT) oldest = min<u64>(oldest, load<u64>(peer, PEER_LAST_SEEN));
  return news;
}

/** Milliseconds until somebody may have fallen silent, rounded up, 0 when that is now, -1 when nobody can. After a round. */
export function newsDue(): i32 {
  if (oldest == u64.MAX_VALUE) return -1;
  const now = wallNs();
  // The clock was set back: ask again when the longest silence has passed by the new one.
  const silent = now < oldest ? 0 : now - oldest;
  if (silent >= ONLINE_NS) return 0;
  return <i32>((ONLINE_NS - silent + NS_PER_MS - 1) / NS_PER_MS);
}
