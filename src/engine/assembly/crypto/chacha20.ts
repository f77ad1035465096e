// ChaCha20 (RFC 8439 §2.3): the initial state, and one block of keystream with 32-bit arithmetic. Four blocks at a
// time with SIMD are in stitched.ts.

/** The initial state of sixteen words; with SIMD each word fills the four lanes of a vector. */
export const STATE: usize = memory.data(256, 16);

/** Sets word `index` of the initial state. */
function setWord(index: usize, value: u32): void {
  if (ASC_FEATURE_SIMD) v128.store(STATE + (index << 4), i32x4.splat(value));
  else store<u32>(STATE + (index << 2), value);
}

/**
 * Starts the keystream of a 32-byte key at a block counter. The nonce is the little-endian bytes of n0, n1 and n2.
 */
export function start(key: usize, counter: u32, n0: u32, n1: u32, n2: u32): void {
  setWord(0, 0x61707865);
  setWord(1, 0x3320646e);
  setWord(2, 0x79622d32);
  setWord(3, 0x6b206574);
  for (let i: usize = 0; i < 8; i++) setWord(4 + i, load<u32>(key + (i << 2)));
  setWord(12, counter);
  setWord(13, n0);
  setWord(14, n1);
  setWord(15, n2);
  if (ASC_FEATURE_SIMD) {
    v128.store(STATE, i32x4.add(v128.load(STATE, 192), i32x4(0, 1, 2, 3)), 192);
  }
}

/** Writes the next block of keystream (64 bytes). */
export function block(out: usize): void {
  let x0 = load<u32>(STATE);
  let x1 = load<u32>(STATE, 4);
  let x2 = load<u32>(STATE, 8);
  let x3 = load<u32>(STATE, 12);
  let x4 = load<u32>(STATE, 16);
  let x5 = load<u32>(STATE, 20);
  let x6 = load<u32>(STATE, 24);
  let x7 = load<u32>(STATE, 28);
  let x8 = load<u32>(STATE, 32);
  let x9 = load<u32>(STATE, 36);
  let x10 = load<u32>(STATE, 40);
  let x11 = load<u32>(STATE, 44);
  let x12 = load<u32>(STATE, 48);
  let x13 = load<u32>(STATE, 52);
  let x14 = load<u32>(STATE, 56);
  let x15 = load<u32>(STATE, 60);
  for (let i = 0; i < 10; i++) {
    // columns
    x0 += x4;
    x1 += x5;
    x2 += x6;
    x3 += x7;
    x12 = rotl<u32>(x12 ^ x0, 16);
    x13 = rotl<u32>(x13 ^ x1, 16);
    x14 = rotl<u32>(x14 ^ x2, 16);
    x15 = rotl<u32>(x15 ^ x3, 16);
    x8 += x12;
    x9 += x13;
    x10 += x14;
    x11 += x15;
    x4 = rotl<u32>(x4 ^ x8, 12);
    x5 = rotl<u32>(x5 ^ x9, 12);
    x6 = rotl<u32>(x6 ^ x10, 12);
    x7 = rotl<u32>(x7 ^ x11, 12);
    x0 += x4;
    x1 += x5;
    x2 += x6;
    x3 += x7;
    x12 = rotl<u32>(x12 ^ x0, 8);
    x13 = rotl<u32>(x13 ^ x1, 8);
    x14 = rotl<u32>(x14 ^ x2, 8);
    x15 = rotl<u32>(x15 ^ x3, 8);
    x8 += x12;
    x9 += x13;
    x10 += x14;
    x11 += x15;
    x4 = rotl<u32>(x4 ^ x8, 7);
    x5 = rotl<u32>(x5 ^ x9, 7);
    x6 = rotl<u32>(x6 ^ x10, 7);
    x7 = rotl<u32>(x7 ^ x11, 7);
    // diagonals
    x0 += x5;
    x1 += x6;
    x2 += x7;
    x3 += x4;
    x15 = rotl<u32>(x15 ^ x0, 16);
    x12 = rotl<u32>(x12 ^ x1, 16);
    x13 = rotl<u32>(x13 ^ x2, 16);
    x14 = rotl<u32>(x14 ^ x3, 16);
    x10 += x15;
    x11 += x12;
    x8 += x13;
    x9 += x14;
    x5 = rotl<u32>(x5 ^ x10, 12);
    x6 = rotl<u32>(x6 ^ x11, 12);
    x7 = rotl<u32>(x7 ^ x8, 12);
    x4 = rotl<u32>(x4 ^ x9, 12);
    x0 += x5;
    x1 += x6;
    x2 += x7;
    x3 += x4;
    x15 = rotl<u32>(x15 ^ x0, 8);
    x12 = rotl<u32>(x12 ^ x1, 8);
    x13 = rotl<u32>(x13 ^ x2, 8);
    x14 = rotl<u32>(x14 ^ x3, 8);
    x10 += x15;
    x11 += x12;
    x8 += x13;
    x9 += x14;
    x5 = rotl<u32>(x5 ^ x10, 7);
    x6 = rotl<u32>(x6 ^ x11, 7);
    x7 = rotl<u32>(x7 ^ x8, 7);
    x4 = rotl<u32>(x4 ^ x9, 7);
  }
  store<u32>(out, x0 + load<u32>(STATE));
  store<u32>(out, x1 + load<u32>(STATE, 4), 4);
  store<u32>(out, x2 + load<u32>(STATE, 8), 8);
  store<u32>(out, x3 + load<u32>(STATE, 12), 12);
  store<u32>(out, x4 + load<u32>(STATE, 16), 16);
  store<u32>(out, x5 + load<u32>(STATE, 20), 20);
  store<u32>(out, x6 + load<u32>(STATE, 24), 24);
  store<u32>(out, x7 + load<u32>(STATE, 28), 28);
  store<u32>(out, x8 + load<u32>(STATE, 32), 32);
  store<u32>(out, x9 + load<u32>(STATE, 36), 36);
  store<u32>(out, x10 + load<u32>(STATE, 40), 40);
  store<u32>(out, x11 + load<u32>(STATE, 44), 44);
  store<u32>(out, x12 + load<u32>(STATE, 48), 48);
  store<u32>(out, x13 + load<u32>(STATE, 52), 52);
  store<u32>(out, x14 + load<u32>(STATE, 56), 56);
  store<u32>(out, x15 + load<u32>(STATE, 60), 60);
  store<u32>(STATE, load<u32>(STATE, 48) + 1, 48);
}

/** Overwrites key and nonce. */
export function wipe(): void {
  for (let at: usize = 0; at < 256; at += 8) store<u64>(STATE + at, 0);
}
