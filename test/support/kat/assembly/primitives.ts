// The engine's primitives with 32-bit parameters, for the known-answer tests and their timing only. Sequence numbers
// and epochs are u64 in memory.

import * as aead from "../../../../src/engine/assembly/crypto/aead";
import * as blake2b from "../../../../src/engine/assembly/crypto/blake2b";
import * as chacha20 from "../../../../src/engine/assembly/crypto/chacha20";
import * as kdf from "../../../../src/engine/assembly/crypto/kdf";
import * as poly1305 from "../../../../src/engine/assembly/crypto/poly1305";
import { GROUP, keystreamAndBlocks } from "../../../../src/engine/assembly/crypto/stitched";

export function seal(key: usize, seq: usize, data: usize, length: u32): void {
  aead.seal(key, load<u64>(seq), data, length);
}

export function open(key: usize, seq: usize, data: usize, length: u32): u32 {
  return aead.open(key, load<u64>(seq), data, length) ? 1 : 0;
}

export function wipe(): void {
  aead.wipe();
}

/** `length` bytes of ChaCha20 keystream, rounded up to whole groups; the nonce is 12 bytes in memory. */
export function keystream(key: usize, counter: u32, nonce: usize, out: usize, length: u32): void {
  chacha20.start(key, counter, load<u32>(nonce), load<u32>(nonce, 4), load<u32>(nonce, 8));
  for (let done: u32 = 0; done < length; done += GROUP) keystreamAndBlocks(out + done, GROUP, out, 0);
}

/** Poly1305 of any message; its last partial block, padded with 1 and zeros, is built behind the message. */
export function poly(key: usize, data: usize, length: u32, out: usize): void {
  poly1305.start(key);
  poly1305.blocks(data, length >> 4, 1);
  const rest = length & 15;
  if (rest > 0) {
    store<u8>(data + length, 1);
    for (let i = rest + 1; i < 16; i++) store<u8>(data + length - rest + i, 0);
    poly1305.blocks(data + length - rest, 1, 0);
  }
  poly1305.finish(out);
}

export function keyedHash(key: usize, message: usize, length: u32, midstate: usize, out: usize): void {
  blake2b.keyMidstate(key, midstate);
  blake2b.hashFromMidstate(midstate, message, length, out);
}

export function hashFromMidstate(midstate: usize, message: usize, length: u32, out: usize): void {
  blake2b.hashFromMidstate(midstate, message, length, out);
}

export function linkKey(psk: usize, from: u32, to: u32, out: usize): void {
  kdf.linkKey(psk, from, to, out);
}

export function sessionKey(linkKey: usize, epoch: usize, midstate: usize, out: usize): void {
  blake2b.keyMidstate(linkKey, midstate);
  kdf.sessionKeyFromMidstate(midstate, load<u64>(epoch), out);
}

export function headerPad(linkKey: usize, tag: usize, midstate: usize, out: usize): void {
  blake2b.keyMidstate(linkKey, midstate);
  kdf.headerPadFromMidstate(midstate, tag, out);
}

/** Seals the same buffer `rounds` times, for timing without calls from JavaScript. */
export function sealMany(key: usize, data: usize, length: u32, rounds: u32): void {
  for (let i: u32 = 0; i < rounds; i++) aead.seal(key, i, data, length);
}

/** Seals and opens the same buffer `rounds` times. Returns how many failed to open. */
export function pairMany(key: usize, data: usize, length: u32, rounds: u32): u32 {
  let failed: u32 = 0;
  for (let i: u32 = 0; i < rounds; i++) {
    aead.seal(key, i, data, length);
    if (!aead.open(key, i, data, length)) failed++;
  }
  return failed;
}

/** Computes `rounds` digests of 32 bytes, as the header pad does. */
export function hashMany(midstate: usize, out: usize, rounds: u32): void {
  for (let i: u32 = 0; i < rounds; i++) blake2b.hashFromMidstate(midstate, out, 32, out);
}
