// BLAKE2b-256 in its keyed mode (RFC 7693), for keys of 32 bytes and messages of 1 … 128 bytes.
//
// The first block of a keyed hash is the padded key, so its chaining value depends on the key alone. It is kept per
// link: a hash then costs one compression instead of two.

/** SIGMA as byte offsets of message words; rounds 10 and 11 repeat 0 and 1. */
// biome-ignore format: one round per line
const SIGMA: usize = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
  88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32,
  56, 72, 24, 8, 104, 96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64,
  72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104,
  16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72,
  96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88,
  104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80,
  48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
]);

/** One zero-padded message block, the chaining value behind it. */
const BLOCK: usize = memory.data(128 + 64, 16);
const CHAIN: usize = BLOCK + 128;

const IV0: u64 = 0x6a09e667f3bcc908;
const IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b;
const IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1;
const IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abfb41bd6b;
const IV7: u64 = 0x5be0cd19137e2179;

/** Parameter block: digest length 32, key length 32, fanout 1, depth 1 (RFC 7693 §2.5). */
const PARAMETERS: u64 = 0x01012020;

/** Message word `index` of the round whose sixteen offsets start at `sigma`. */
function word(sigma: usize, index: usize): u64 {
  return load<u64>(BLOCK + <usize>load<u8>(sigma + index));
}

/** One compression of BLOCK into CHAIN. `total` counts the bytes hashed so far, `last` is all ones for the last block. */
function compress(total: u64, last: u64): void {
  let a0 = load<u64>(CHAIN);
  let a1 = load<u64>(CHAIN, 8);
  let a2 = load<u64>(CHAIN, 16);
  let a3 = load<u64>(CHAIN, 24);
  let b0 = load<u64>(CHAIN, 32);
  let b1 = load<u64>(CHAIN, 40);
  let b2 = load<u64>(CHAIN, 48);
  let b3 = load<u64>(CHAIN, 56);
  let c0 = IV0;
  let c1 = IV1;
  let c2 = IV2;
  let c3 = IV3;
  let d0 = IV4 ^ total;
  let d1 = IV5;
  let d2 = IV6 ^ last;
  let d3 = IV7;
  for (let s: usize = SIGMA; s < SIGMA + 192; s += 16) {
    // columns
    a0 += b0 + word(s, 0);
    a1 += b1 + word(s, 2);
    a2 += b2 + word(s, 4);
    a3 += b3 + word(s, 6);
    d0 = rotr<u64>(d0 ^ a0, 32);
    d1 = rotr<u64>(d1 ^ a1, 32);
    d2 = rotr<u64>(d2 ^ a2, 32);
    d3 = rotr<u64>(d3 ^ a3, 32);
    c0 += d0;
    c1 += d1;
    c2 += d2;
    c3 += d3;
    b0 = rotr<u64>(b0 ^ c0, 24);
    b1 = rotr<u64>(b1 ^ c1, 24);
    b2 = rotr<u64>(b2 ^ c2, 24);
    b3 = rotr<u64>(b3 ^ c3, 24);
    a0 += b0 + word(s, 1);
    a1 += b1 + word(s, 3);
    a2 += b2 + word(s, 5);
    a3 += b3 + word(s, 7);
    d0 = rotr<u64>(d0 ^ a0, 16);
    d1 = rotr<u64>(d1 ^ a1, 16);
    d2 = rotr<u64>(d2 ^ a2, 16);
    d3 = rotr<u64>(d3 ^ a3, 16);
    c0 += d0;
    c1 += d1;
    c2 += d2;
    c3 += d3;
    b0 = rotr<u64>(b0 ^ c0, 63);
    b1 = rotr<u64>(b1 ^ c1, 63);
    b2 = rotr<u64>(b2 ^ c2, 63);
    b3 = rotr<u64>(b3 ^ c3, 63);
    // diagonals
    a0 += b1 + word(s, 8);
    a1 += b2 + word(s, 10);
    a2 += b3 + word(s, 12);
    a3 += b0 + word(s, 14);
    d3 = rotr<u64>(d3 ^ a0, 32);
    d0 = rotr<u64>(d0 ^ a1, 32);
    d1 = rotr<u64>(d1 ^ a2, 32);
    d2 = rotr<u64>(d2 ^ a3, 32);
    c2 += d3;
    c3 += d0;
    c0 += d1;
    c1 += d2;
    b1 = rotr<u64>(b1 ^ c2, 24);
    b2 = rotr<u64>(b2 ^ c3, 24);
    b3 = rotr<u64>(b3 ^ c0, 24);
    b0 = rotr<u64>(b0 ^ c1, 24);
    a0 += b1 + word(s, 9);
    a1 += b2 + word(s, 11);
    a2 += b3 + word(s, 13);
    a3 += b0 + word(s, 15);
    d3 = rotr<u64>(d3 ^ a0, 16);
    d0 = rotr<u64>(d0 ^ a1, 16);
    d1 = rotr<u64>(d1 ^ a2, 16);
    d2 = rotr<u64>(d2 ^ a3, 16);
    c2 += d3;
    c3 += d0;
    c0 += d1;
    c1 += d2;
    b1 = rotr<u64>(b1 ^ c2, 63);
    b2 = rotr<u64>(b2 ^ c3, 63);
    b3 = rotr<u64>(b3 ^ c0, 63);
    b0 = rotr<u64>(b0 ^ c1, 63);
  }
  store<u64>(CHAIN, load<u64>(CHAIN) ^ a0 ^ c0);
  store<u64>(CHAIN, load<u64>(CHAIN, 8) ^ a1 ^ c1, 8);
  store<u64>(CHAIN, load<u64>(CHAIN, 16) ^ a2 ^ c2, 16);
  store<u64>(CHAIN, load<u64>(CHAIN, 24) ^ a3 ^ c3, 24);
  store<u64>(CHAIN, load<u64>(CHAIN, 32) ^ b0 ^ d0, 32);
  store<u64>(CHAIN, load<u64>(CHAIN, 40) ^ b1 ^ d1, 40);
  store<u64>(CHAIN, load<u64>(CHAIN, 48) ^ b2 ^ d2, 48);
  store<u64>(CHAIN, load<u64>(CHAIN, 56) ^ b3 ^ d3, 56);
}

/** Copies `length` (≤ 128) bytes to BLOCK and clears the rest of it. */
function fillBlock(from: usize, length: u32): void {
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) store<u64>(BLOCK + at, load<u64>(from + at));
  for (let rest = at; rest < 128; rest += 8) store<u64>(BLOCK + rest, 0);
  for (; at < length; at++) store<u8>(BLOCK + at, load<u8>(from + at));
}

/** 64-byte chaining value after the block of the 32-byte key: depends on the key alone. */
export function keyMidstate(key: usize, out: usize): void {
  fillBlock(key, 32);
  store<u64>(CHAIN, IV0 ^ PARAMETERS);
  store<u64>(CHAIN, IV1, 8);
  store<u64>(CHAIN, IV2, 16);
  store<u64>(CHAIN, IV3, 24);
  store<u64>(CHAIN, IV4, 32);
  store<u64>(CHAIN, IV5, 40);
  store<u64>(CHAIN, IV6, 48);
  store<u64>(CHAIN, IV7, 56);
  compress(128, 0);
  for (let at: usize = 0; at < 64; at += 8) store<u64>(out + at, load<u64>(CHAIN + at));
  wipe();
}

/** Digest (32 bytes) of a message of 1 … 128 bytes under a key midstate: one compression. */
export function hashFromMidstate(midstate: usize, message: usize, length: u32, out: usize): void {
  fillBlock(message, length);
  for (let at: usize = 0; at < 64; at += 8) store<u64>(CHAIN + at, load<u64>(midstate + at));
  compress(128 + <u64>length, -1);
  for (let at: usize = 0; at < 32; at += 8) store<u64>(out + at, load<u64>(CHAIN + at));
  wipe();
}

/** Overwrites the message block and the chaining value. */
function wipe(): void {
  for (let at: usize = 0; at < 192; at += 8) store<u64>(BLOCK + at, 0);
}
