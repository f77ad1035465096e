// Derive, seal, open and mask by hand: for tools and known answers. The data plane uses none of this.

import { HEADER_LENGTH } from "../abi";
import { open, seal } from "./crypto/aead";
import { keyMidstate } from "./crypto/blake2b";
import { linkKey, sessionKeyFromMidstate } from "./crypto/kdf";
import { mask } from "./crypto/obfuscation";
import { WORK_MIDSTATE, workBase } from "./layout";
import { SMALLEST_DATAGRAM, seqOf, writeHeader } from "./wire/header";

export function deriveLinkKey(psk: usize, from: u32, to: u32, out: usize): void {
  linkKey(psk, from, to, out);
}

export function deriveSessionKey(key: usize, epoch: usize, out: usize): void {
  keyMidstate(key, workBase + WORK_MIDSTATE);
  sessionKeyFromMidstate(workBase + WORK_MIDSTATE, load<u64>(epoch), out);
  memory.fill(workBase + WORK_MIDSTATE, 0, 64);
}

export function sealDatagram(
  key: usize,
  keyId: u32,
  flags: u32,
  epoch: usize,
  seq: usize,
  src: usize,
  length: u32,
  out: usize,
): u32 {
  const sequence = load<u64>(seq);
  writeHeader(out, flags, keyId, load<u64>(epoch), sequence);
  memory.copy(out + HEADER_LENGTH, src, length);
  seal(key, sequence, out + HEADER_LENGTH, length);
  return SMALLEST_DATAGRAM + length;
}

export function openDatagram(key: usize, src: usize, length: u32): i32 {
  if (length < SMALLEST_DATAGRAM) return -1;
  const inner = length - SMALLEST_DATAGRAM;
  return open(key, seqOf(src), src + HEADER_LENGTH, inner) ? inner : -1;
}

export function maskHeader(key: usize, datagram: usize, length: u32): void {
  if (length < SMALLEST_DATAGRAM) return;
  keyMidstate(key, workBase + WORK_MIDSTATE);
  mask(workBase + WORK_MIDSTATE, datagram, length);
  memory.fill(workBase + WORK_MIDSTATE, 0, 64);
}
