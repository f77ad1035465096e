// ChaCha20 keystream and Poly1305 side by side.
//
// With SIMD a vector holds the same state word of four consecutive blocks, so a group of four costs one pass whether
// one or four of its blocks are wanted.

import { block, STATE } from "./chacha20";
import { blocks, H, LIMB, R, S } from "./poly1305";

/** Bytes of keystream in a full group. */
export const GROUP: u32 = 256;
/** Most blocks that one group of keystream lets Poly1305 absorb. */
export const MOST_BLOCKS: u32 = 20;

/** The state after twenty rounds, one vector per word (SIMD). */
const ROUNDED: usize = memory.data(256, 16);

/**
 * Writes the next `length` (1 … GROUP) bytes of keystream to `out`, rounded up to whole blocks, or always a whole
 * group with SIMD. Meanwhile Poly1305 absorbs `count` (even, at most MOST_BLOCKS) blocks at `data`. Only the last call
 * for a datagram may ask for less than a group.
 */
export function keystreamAndBlocks(out: usize, length: u32, data: usize, count: u32): void {
  if (ASC_FEATURE_SIMD) {
    groupWithPairs(out, data, count >> 1);
  } else {
    const end = out + length;
    for (; out < end; out += 64) block(out);
    blocks(data, count, 1);
  }
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

/**
 * Four blocks of keystream side by side. In each of the first `pairs` (at most 10) double rounds Poly1305 absorbs two
 * blocks at `data`: the cipher lives in vector registers and waits for its own results, the authenticator in general
 * ones, so a processor that looks ahead runs both at once.
 */
function groupWithPairs(out: usize, data: usize, pairs: u32): void {
  const r0 = <u64>load<u32>(R);
  const r1 = <u64>load<u32>(R, 4);
  const r2 = <u64>load<u32>(R, 8);
  const r3 = <u64>load<u32>(R, 12);
  const s0 = <u64>load<u32>(S);
  const s1 = <u64>load<u32>(S, 4);
  const s2 = <u64>load<u32>(S, 8);
  const s3 = <u64>load<u32>(S, 12);
  const low = r0 & 3;
  let h0 = load<u64>(H);
  let h1 = load<u64>(H, 8);
  let h2 = load<u64>(H, 16);
  let h3 = load<u64>(H, 24);
  let h4 = load<u64>(H, 32);
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
  let i: u32 = 0;
  for (; i < pairs; i++) {
    // first block
    h0 += <u64>load<u32>(data);
    h1 += <u64>load<u32>(data, 4);
    h2 += <u64>load<u32>(data, 8);
    h3 += <u64>load<u32>(data, 12);
    h4 += 1;
    const p0 = h0 * r0 + h1 * s3 + (h2 * s2 + h3 * s1) + h4 * s0;
    const p1 = h0 * r1 + h1 * r0 + (h2 * s3 + h3 * s2) + h4 * s1;
    const p2 = h0 * r2 + h1 * r1 + (h2 * r0 + h3 * s3) + h4 * s2;
    const p3 = h0 * r3 + h1 * r2 + (h2 * r1 + h3 * r0) + h4 * s3;
    const p4 = h4 * low + (p3 >> 32);
    h0 = (p0 & LIMB) + (p4 >> 2) * 5;
    h1 = (p1 & LIMB) + (p0 >> 32);
    h2 = (p2 & LIMB) + (p1 >> 32);
    h3 = (p3 & LIMB) + (p2 >> 32);
    h4 = p4 & 3;
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
    // second block
    h0 += <u64>load<u32>(data, 16);
    h1 += <u64>load<u32>(data, 20);
    h2 += <u64>load<u32>(data, 24);
    h3 += <u64>load<u32>(data, 28);
    h4 += 1;
    const q0 = h0 * r0 + h1 * s3 + (h2 * s2 + h3 * s1) + h4 * s0;
    const q1 = h0 * r1 + h1 * r0 + (h2 * s3 + h3 * s2) + h4 * s1;
    const q2 = h0 * r2 + h1 * r1 + (h2 * r0 + h3 * s3) + h4 * s2;
    const q3 = h0 * r3 + h1 * r2 + (h2 * r1 + h3 * r0) + h4 * s3;
    const q4 = h4 * low + (q3 >> 32);
    h0 = (q0 & LIMB) + (q4 >> 2) * 5;
    h1 = (q1 & LIMB) + (q0 >> 32);
    h2 = (q2 & LIMB) + (q1 >> 32);
    h3 = (q3 & LIMB) + (q2 >> 32);
    h4 = q4 & 3;
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
    data += 32;
  }
  for (; i < 10; i++) {
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
  store<u64>(H, h0);
  store<u64>(H, h1, 8);
  store<u64>(H, h2, 16);
  store<u64>(H, h3, 24);
  store<u64>(H, h4, 32);
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

/** Overwrites the last group's state. */
export function wipe(): void {
  for (let at: usize = 0; at < 256; at += 8) store<u64>(ROUNDED + at, 0);
}
