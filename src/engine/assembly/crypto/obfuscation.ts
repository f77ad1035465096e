// Header obfuscation, wire-protocol.md §7: the first 20 bytes are masked with a pad that depends on the link key
// and on the datagram's tag.

import { TAG_LENGTH, WIRE_VERSION } from "../../abi";
import { WORK_PAD, workBase } from "../layout";
import { keyIdOf, versionOf } from "../wire/header";
import { headerPadFromMidstate } from "./kdf";

/** XORs the 20 header bytes with the pad at `pad`. */
function xorHeader(datagram: usize, pad: usize): void {
  store<u64>(datagram, load<u64>(datagram) ^ load<u64>(pad));
  store<u64>(datagram, load<u64>(datagram, 8) ^ load<u64>(pad, 8), 8);
  store<u32>(datagram, load<u32>(datagram, 16) ^ load<u32>(pad, 16), 16);
}

/** Masks (or de-masks) the header of a datagram of at least 36 bytes. */
export function mask(midstate: usize, datagram: usize, length: u32): void {
  headerPadFromMidstate(midstate, datagram + length - TAG_LENGTH, workBase + WORK_PAD);
  xorHeader(datagram, workBase + WORK_PAD);
}

/**
 * Tries one peer's receive link key: when the de-masked version is 1 and the key id is the peer's, the header is
 * de-masked in place. Otherwise the datagram is unchanged, so the next candidate sees the original.
 */
export function claim(midstate: usize, peerId: u32, datagram: usize, length: u32): bool {
  headerPadFromMidstate(midstate, datagram + length - TAG_LENGTH, workBase + WORK_PAD);
  const pad = workBase + WORK_PAD;
  if ((versionOf(datagram) ^ versionOf(pad)) != WIRE_VERSION) return false;
  if ((keyIdOf(datagram) ^ keyIdOf(pad)) != peerId) return false;
  xorHeader(datagram, workBase + WORK_PAD);
  return true;
}
