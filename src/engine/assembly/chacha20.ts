// ChaCha20 (RFC 8439 §2.3, §2.4), the keystream in groups of up to four blocks.
//
// With SIMD a vector holds the same state word of four consecutive blocks, so a group costs one pass whether one or
// four of its blocks are wanted. Without, each block is computed by itself.

/** Bytes of keystream in a full group. */
export const GROUP: u32 = 256;

/** The initial state of sixteen words; with SIMD each word fills the four lanes of a vector. */
const STATE: usize = memory.data(256, 16);
/** The state after twenty rounds, one vector per word (SIMD). */
const ROUNDED: usize = memory.data(256, 16);

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

/**
 * Writes the next `length` (1 … GROUP) bytes of keystream to `out`, rounded up to whole blocks, or always a whole
 * group with SIMD. Only the last call for a datagram may ask for less than a group.
 */
export function keystream(out: usize, length: u32): void {
  if (ASC_FEATURE_SIMD) group(out);
  else for (let end = out + length; out < end; out += 64) block(out);
}

/** One block of keystream with 32-bit arithmetic. */
function block(out: usize): void {
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

/** Rotates each lane left by 16, 12, 8 and 7 bits. */
function rotl16(a: v128): v128 {
  return i8x16.swizzle(a, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}

function rotl12(a: v128): v128 {
  return v128.or(i32x4.shl(a, 12), i32x4.shr_u(a, 20));
}

function rotl8(a: v128): v128 {
  return i8x16.swizzle(a, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14));
}

function rotl7(a: v128): v128 {
  return v128.or(i32x4.shl(a, 7), i32x4.shr_u(a, 25));
}

/** Four blocks of keystream side by side. */
function group(out: usize): void {
  let x0 = v128.load(STATE);
  let x1 = v128.load(STATE, 16);
  let x2 = v128.load(STATE, 32);
  let x3 = v128.load(STATE, 48);
  let x4 = v128.load(STATE, 64);
  let x5 = v128.load(STATE, 80);
  let x6 = v128.load(STATE, 96);
  let x7 = v128.load(STATE, 112);
  let x8 = v128.load(STATE, 128);
  let x9 = v128.load(STATE, 144);
  let x10 = v128.load(STATE, 160);
  let x11 = v128.load(STATE, 176);
  let x12 = v128.load(STATE, 192);
  let x13 = v128.load(STATE, 208);
  let x14 = v128.load(STATE, 224);
  let x15 = v128.load(STATE, 240);
  for (let i = 0; i < 10; i++) {
    // columns
    x0 = i32x4.add(x0, x4);
    x1 = i32x4.add(x1, x5);
    x2 = i32x4.add(x2, x6);
    x3 = i32x4.add(x3, x7);
    x12 = rotl16(v128.xor(x12, x0));
    x13 = rotl16(v128.xor(x13, x1));
    x14 = rotl16(v128.xor(x14, x2));
    x15 = rotl16(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12);
    x9 = i32x4.add(x9, x13);
    x10 = i32x4.add(x10, x14);
    x11 = i32x4.add(x11, x15);
    x4 = rotl12(v128.xor(x4, x8));
    x5 = rotl12(v128.xor(x5, x9));
    x6 = rotl12(v128.xor(x6, x10));
    x7 = rotl12(v128.xor(x7, x11));
    x0 = i32x4.add(x0, x4);
    x1 = i32x4.add(x1, x5);
    x2 = i32x4.add(x2, x6);
    x3 = i32x4.add(x3, x7);
    x12 = rotl8(v128.xor(x12, x0));
    x13 = rotl8(v128.xor(x13, x1));
    x14 = rotl8(v128.xor(x14, x2));
    x15 = rotl8(v128.xor(x15, x3));
    x8 = i32x4.add(x8, x12);
    x9 = i32x4.add(x9, x13);
    x10 = i32x4.add(x10, x14);
    x11 = i32x4.add(x11, x15);
    x4 = rotl7(v128.xor(x4, x8));
    x5 = rotl7(v128.xor(x5, x9));
    x6 = rotl7(v128.xor(x6, x10));
    x7 = rotl7(v128.xor(x7, x11));
    // diagonals
    x0 = i32x4.add(x0, x5);
    x1 = i32x4.add(x1, x6);
    x2 = i32x4.add(x2, x7);
    x3 = i32x4.add(x3, x4);
    x15 = rotl16(v128.xor(x15, x0));
    x12 = rotl16(v128.xor(x12, x1));
    x13 = rotl16(v128.xor(x13, x2));
    x14 = rotl16(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15);
    x11 = i32x4.add(x11, x12);
    x8 = i32x4.add(x8, x13);
    x9 = i32x4.add(x9, x14);
    x5 = rotl12(v128.xor(x5, x10));
    x6 = rotl12(v128.xor(x6, x11));
    x7 = rotl12(v128.xor(x7, x8));
    x4 = rotl12(v128.xor(x4, x9));
    x0 = i32x4.add(x0, x5);
    x1 = i32x4.add(x1, x6);
    x2 = i32x4.add(x2, x7);
    x3 = i32x4.add(x3, x4);
    x15 = rotl8(v128.xor(x15, x0));
    x12 = rotl8(v128.xor(x12, x1));
    x13 = rotl8(v128.xor(x13, x2));
    x14 = rotl8(v128.xor(x14, x3));
    x10 = i32x4.add(x10, x15);
    x11 = i32x4.add(x11, x12);
    x8 = i32x4.add(x8, x13);
    x9 = i32x4.add(x9, x14);
    x5 = rotl7(v128.xor(x5, x10));
    x6 = rotl7(v128.xor(x6, x11));
    x7 = rotl7(v128.xor(x7, x8));
    x4 = rotl7(v128.xor(x4, x9));
  }
  v128.store(ROUNDED, x0);
  v128.store(ROUNDED, x1, 16);
  v128.store(ROUNDED, x2, 32);
  v128.store(ROUNDED, x3, 48);
  v128.store(ROUNDED, x4, 64);
  v128.store(ROUNDED, x5, 80);
  v128.store(ROUNDED, x6, 96);
  v128.store(ROUNDED, x7, 112);
  v128.store(ROUNDED, x8, 128);
  v128.store(ROUNDED, x9, 144);
  v128.store(ROUNDED, x10, 160);
  v128.store(ROUNDED, x11, 176);
  v128.store(ROUNDED, x12, 192);
  v128.store(ROUNDED, x13, 208);
  v128.store(ROUNDED, x14, 224);
  v128.store(ROUNDED, x15, 240);
  for (let row: usize = 0; row < 256; row += 64) transpose(row, out + (row >> 2));
  v128.store(STATE, i32x4.add(v128.load(STATE, 192), i32x4.splat(4)), 192);
}

/** Adds the initial state to four words of each block (64 bytes at `row`) and writes them 64 bytes apart. */
function transpose(row: usize, out: usize): void {
  const a = i32x4.add(v128.load(ROUNDED + row), v128.load(STATE + row));
  const b = i32x4.add(v128.load(ROUNDED + row, 16), v128.load(STATE + row, 16));
  const c = i32x4.add(v128.load(ROUNDED + row, 32), v128.load(STATE + row, 32));
  const d = i32x4.add(v128.load(ROUNDED + row, 48), v128.load(STATE + row, 48));
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const AB = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(out, i64x2.shuffle(ab, cd, 0, 2));
  v128.store(out, i64x2.shuffle(ab, cd, 1, 3), 64);
  v128.store(out, i64x2.shuffle(AB, CD, 0, 2), 128);
  v128.store(out, i64x2.shuffle(AB, CD, 1, 3), 192);
}

/** Overwrites key, nonce and the last group's state. */
export function wipe(): void {
  for (let at: usize = 0; at < 256; at += 8) {
    store<u64>(STATE + at, 0);
    store<u64>(ROUNDED + at, 0);
  }
}
