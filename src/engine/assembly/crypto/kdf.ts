// The key schedule, wire-protocol.md §3. Labels are ASCII without a terminator, integers big-endian.

import { hashFromMidstate, keyMidstate } from "./blake2b";

/** One labelled message, and a digest or midstate that must not outlive its call. */
const MESSAGE: usize = memory.data(32 + 64, 16);
const SECRET: usize = MESSAGE + 32;

// Labels as little-endian words.
const SUBNETRA: u64 = 0x617274656e627573;
const V1_LINK: u64 = 0x6b6e696c2d31762d; // "-v1-link"
const V1_OBFS: u64 = 0x7366626f2d31762d; // "-v1-obfs"
const V1_SESS: u64 = 0x737365732d31762d; // "-v1-sess"
const ION: u32 = 0x006e6f69;

/** link_key(psk, from, to): 32 bytes to `out`. */
export function linkKey(psk: usize, from: u32, to: u32, out: usize): void {
  store<u64>(MESSAGE, SUBNETRA);
  store<u64>(MESSAGE, V1_LINK, 8);
  store<u32>(MESSAGE, bswap<u32>(from), 16);
  store<u32>(MESSAGE, bswap<u32>(to), 20);
  keyMidstate(psk, SECRET);
  hashFromMidstate(SECRET, MESSAGE, 24, out);
  for (let at: usize = 0; at < 64; at += 8) store<u64>(SECRET + at, 0);
}

/** session_key(link_key, epoch): 32 bytes to `out`, from the link key's midstate. */
export function sessionKeyFromMidstate(linkMidstate: usize, epoch: u64, out: usize): void {
  store<u64>(MESSAGE, SUBNETRA);
  store<u64>(MESSAGE, V1_SESS, 8);
  store<u32>(MESSAGE, ION, 16);
  store<u64>(MESSAGE, bswap<u64>(epoch), 19);
  hashFromMidstate(linkMidstate, MESSAGE, 27, out);
}

/** header_pad(link_key, tag): 32 bytes to `out`, of which the first 20 are the pad. */
export function headerPadFromMidstate(linkMidstate: usize, tag: usize, out: usize): void {
  store<u64>(MESSAGE, SUBNETRA);
  store<u64>(MESSAGE, V1_OBFS, 8);
  store<u64>(MESSAGE, load<u64>(tag), 16);
  store<u64>(MESSAGE, load<u64>(tag, 8), 24);
  hashFromMidstate(linkMidstate, MESSAGE, 32, out);
}
