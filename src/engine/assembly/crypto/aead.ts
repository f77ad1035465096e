// ChaCha20-Poly1305 (RFC 8439 §2.8) as the wire uses it (wire-protocol.md §2, §4): no associated data, the nonce is
// u64le(seq) and four zero bytes, everything in place.
//
// Branches and addresses depend on lengths only, never on a key, a plaintext or a tag.

import * as chacha20 from "./chacha20";
import * as poly1305 from "./poly1305";
import * as stitched from "./stitched";
import { GROUP, keystreamAndBlocks, MOST_BLOCKS } from "./stitched";

/** Block 0 of the keystream is the one-time key; the data uses the rest of the first group. */
const FIRST: u32 = GROUP - 64;
/** Data for which open computes the keystream while it authenticates: at least a largest datagram. */
const AHEAD: u32 = FIRST + 8 * GROUP;

/** The first group of keystream and, in open, the groups after it. */
const KEYSTREAM: usize = memory.data(64 + 192 + 8 * 256, 16);
const PAD: usize = KEYSTREAM + 64;
/** The last partial block, zero-padded; the block of lengths; the expected tag. */
const BLOCK: usize = memory.data(16, 16);

/** Seals `length` bytes at `data` in place and writes the 16-byte tag at data + length. */
export function seal(key: usize, seq: u64, data: usize, length: u32): void {
  begin(key, seq, length);
  let done = min<u32>(length, FIRST);
  mix(data, PAD, done);
  let absorbed: u32 = 0;
  while (done < length) {
    // Each group is made while the ciphertext of the one before is absorbed.
    const size = min<u32>(length - done, GROUP);
    keystreamAndBlocks(KEYSTREAM, size, data + absorbed, (done - absorbed) >> 4);
    absorbed = done;
    mix(data + done, KEYSTREAM, size);
    done += size;
  }
  absorbRest(data, length, absorbed);
  poly1305.finish(data + length);
}

/** Verifies the tag at data + length, then decrypts in place. False: nothing was changed. */
export function open(key: usize, seq: u64, data: usize, length: u32): bool {
  begin(key, seq, length);
  let ready = FIRST;
  let absorbed: u32 = 0;
  for (; ready < length && ready < AHEAD; ready += GROUP) {
    const count = min<u32>((length - absorbed) >> 4, MOST_BLOCKS) & ~1;
    keystreamAndBlocks(PAD + ready, min<u32>(length - ready, GROUP), data + absorbed, count);
    absorbed += count << 4;
  }
  absorbRest(data, length, absorbed);
  poly1305.finish(BLOCK);
  const tag = data + length;
  const difference = (load<u64>(tag) ^ load<u64>(BLOCK)) | (load<u64>(tag, 8) ^ load<u64>(BLOCK, 8));
  if (difference != 0) return false;
  mix(data, PAD, min<u32>(length, ready));
  for (; ready < length; ready += GROUP) {
    const size = min<u32>(length - ready, GROUP);
    keystreamAndBlocks(KEYSTREAM, size, data, 0);
    mix(data + ready, KEYSTREAM, size);
  }
  return true;
}

/** Computes the first group of keystream and takes the one-time key from it. */
function begin(key: usize, seq: u64, length: u32): void {
  chacha20.start(key, 0, <u32>seq, <u32>(seq >> 32), 0);
  keystreamAndBlocks(KEYSTREAM, 64 + min<u32>(length, FIRST), key, 0);
  poly1305.start(KEYSTREAM);
}

/** Absorbs the ciphertext from `absorbed` (a multiple of 16) on, its padding, and the lengths (RFC 8439 §2.8.1). */
function absorbRest(data: usize, length: u32, absorbed: u32): void {
  const whole = length & ~15;
  poly1305.blocks(data + absorbed, (whole - absorbed) >> 4, 1);
  if (whole < length) {
    store<u64>(BLOCK, 0);
    store<u64>(BLOCK, 0, 8);
    for (let at = whole; at < length; at++) store<u8>(BLOCK + (at & 15), load<u8>(data + at));
    poly1305.blocks(BLOCK, 1, 1);
  }
  store<u64>(BLOCK, 0);
  store<u64>(BLOCK, length, 8);
  poly1305.blocks(BLOCK, 1, 1);
}

/** XORs `length` bytes at `data` with those at `pad`. */
function mix(data: usize, pad: usize, length: u32): void {
  let at: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    for (; at + 16 <= length; at += 16) {
      v128.store(data + at, v128.xor(v128.load(data + at), v128.load(pad + at)));
    }
  }
  for (; at + 8 <= length; at += 8) store<u64>(data + at, load<u64>(data + at) ^ load<u64>(pad + at));
  for (; at < length; at++) store<u8>(data + at, load<u8>(data + at) ^ load<u8>(pad + at));
}

/** Overwrites every key and all keystream left in scratch memory. */
export function wipe(): void {
  chacha20.wipe();
  poly1305.wipe();
  stitched.wipe();
  for (let at: usize = 0; at < 64 + AHEAD; at += 8) store<u64>(KEYSTREAM + at, 0);
  store<u64>(BLOCK, 0);
  store<u64>(BLOCK, 0, 8);
}
