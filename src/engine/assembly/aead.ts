// ChaCha20-Poly1305 (RFC 8439 §2.8) as the wire uses it (wire-protocol.md §2, §4): no associated data, the nonce is
// u64le(seq) and four zero bytes, everything in place.
//
// Branches and addresses depend on lengths only, never on a key, a plaintext or a tag.

import * as chacha20 from "./chacha20";
import * as poly1305 from "./poly1305";

/** One group of keystream. */
const KEYSTREAM: usize = memory.data(256, 16);
/** The last partial block, zero-padded; the length block; the expected tag. */
const BLOCK: usize = memory.data(16, 16);

/** Block 0 of the keystream is the one-time key; the data uses the rest of the group. */
const FIRST: u32 = chacha20.GROUP - 64;

/** Seals `length` bytes at `data` in place and writes the 16-byte tag at data + length. */
export function seal(key: usize, seq: u64, data: usize, length: u32): void {
  begin(key, seq, length);
  encipher(data, length);
  authenticate(data, length);
  poly1305.finish(data + length);
}

/** Verifies the tag at data + length, then decrypts in place. False: nothing was changed. */
export function open(key: usize, seq: u64, data: usize, length: u32): bool {
  begin(key, seq, length);
  authenticate(data, length);
  poly1305.finish(BLOCK);
  const tag = data + length;
  const difference = (load<u64>(tag) ^ load<u64>(BLOCK)) | (load<u64>(tag, 8) ^ load<u64>(BLOCK, 8));
  if (difference != 0) return false;
  encipher(data, length);
  return true;
}

/** Computes the first group of keystream and takes the one-time key from it. */
function begin(key: usize, seq: u64, length: u32): void {
  chacha20.start(key, 0, <u32>seq, <u32>(seq >> 32), 0);
  chacha20.keystream(KEYSTREAM, length < FIRST ? 64 + length : chacha20.GROUP);
  poly1305.start(KEYSTREAM);
}

/** XORs `length` bytes at `data` with the keystream from block 1 on. */
function encipher(data: usize, length: u32): void {
  const first = min<u32>(length, FIRST);
  mix(data, KEYSTREAM + 64, first);
  for (let done = first; done < length; ) {
    const size = min<u32>(length - done, chacha20.GROUP);
    chacha20.keystream(KEYSTREAM, size);
    mix(data + done, KEYSTREAM, size);
    done += size;
  }
}

/** Absorbs `length` bytes of ciphertext, their padding, and the lengths (RFC 8439 §2.8.1). */
function authenticate(data: usize, length: u32): void {
  const whole = length >> 4;
  poly1305.blocks(data, whole, 1);
  const rest = length & 15;
  if (rest > 0) {
    store<u64>(BLOCK, 0);
    store<u64>(BLOCK, 0, 8);
    const tail = data + ((<usize>whole) << 4);
    for (let i: u32 = 0; i < rest; i++) store<u8>(BLOCK + i, load<u8>(tail + i));
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
  for (let at: usize = 0; at < 256; at += 8) store<u64>(KEYSTREAM + at, 0);
  store<u64>(BLOCK, 0);
  store<u64>(BLOCK, 0, 8);
}
