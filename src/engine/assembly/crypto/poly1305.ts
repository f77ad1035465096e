// Poly1305 (RFC 8439 §2.5) on 32-bit limbs with 64-bit products, the same code in both variants.
//
// h = h0 + h1·2^32 + h2·2^64 + h3·2^96 + h4·2^128. Clamping clears the top four bits of each limb of r and the
// low two bits of r1, r2, r3, which buys two things: 2^130 = 5 folds into exact multipliers si = ri/4·5, and the
// sums of products leave room for limbs that are not carried to the end. With S the largest limb after adding a
// message word, in units of 2^32: h0 grows by at most 5/4 of the carry out of x3, so S ≤ 2 + (5/4)(4/16)S, hence
// S < 2.91, and the largest sum of products is below (19/4)·2^28 · 2.91·2^32 < 13.9·2^60 < 2^64.

/** r0 … r3, s0 … s3 (32 bits each), then pad (16 bytes), then h0 … h4 (64 bits each). */
export const R: usize = memory.data(16 + 16 + 16 + 40, 16);
export const S: usize = R + 16;
const PAD: usize = R + 32;
export const H: usize = R + 48;

/** Mask of a limb. */
export const LIMB: u64 = 0xffffffff;

/** Takes the 32-byte one-time key. */
export function start(key: usize): void {
  const r0 = load<u32>(key) & 0x0fffffff;
  const r1 = load<u32>(key, 4) & 0x0ffffffc;
  const r2 = load<u32>(key, 8) & 0x0ffffffc;
  const r3 = load<u32>(key, 12) & 0x0ffffffc;
  store<u32>(R, r0);
  store<u32>(R, r1, 4);
  store<u32>(R, r2, 8);
  store<u32>(R, r3, 12);
  store<u32>(S, (r0 >> 2) * 5);
  store<u32>(S, (r1 >> 2) * 5, 4);
  store<u32>(S, (r2 >> 2) * 5, 8);
  store<u32>(S, (r3 >> 2) * 5, 12);
  store<u64>(PAD, load<u64>(key, 16));
  store<u64>(PAD, load<u64>(key, 24), 8);
  store<u64>(H, 0);
  store<u64>(H, 0, 8);
  store<u64>(H, 0, 16);
  store<u64>(H, 0, 24);
  store<u64>(H, 0, 32);
}

/** Absorbs `count` blocks of 16 bytes. `high` is the bit above each block: 1, or 0 for a block that holds its own. */
export function blocks(data: usize, count: u32, high: u64): void {
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
  const end = data + ((<usize>count) << 4);
  while (data < end) {
    h0 += <u64>load<u32>(data);
    h1 += <u64>load<u32>(data, 4);
    h2 += <u64>load<u32>(data, 8);
    h3 += <u64>load<u32>(data, 12);
    h4 += high;
    const x0 = h0 * r0 + h1 * s3 + (h2 * s2 + h3 * s1) + h4 * s0;
    const x1 = h0 * r1 + h1 * r0 + (h2 * s3 + h3 * s2) + h4 * s1;
    const x2 = h0 * r2 + h1 * r1 + (h2 * r0 + h3 * s3) + h4 * s2;
    const x3 = h0 * r3 + h1 * r2 + (h2 * r1 + h3 * r0) + h4 * s3;
    const top = h4 * low + (x3 >> 32);
    h0 = (x0 & LIMB) + (top >> 2) * 5;
    h1 = (x1 & LIMB) + (x0 >> 32);
    h2 = (x2 & LIMB) + (x1 >> 32);
    h3 = (x3 & LIMB) + (x2 >> 32);
    h4 = top & 3;
    data += 16;
  }
  store<u64>(H, h0);
  store<u64>(H, h1, 8);
  store<u64>(H, h2, 16);
  store<u64>(H, h3, 24);
  store<u64>(H, h4, 32);
}

/** Writes the 16-byte tag and wipes the one-time key. */
export function finish(tag: usize): void {
  const h0 = load<u64>(H);
  const h1 = load<u64>(H, 8);
  const h2 = load<u64>(H, 16);
  const h3 = load<u64>(H, 24);
  const h4 = load<u64>(H, 32);
  // h < 2(2^130 - 5), so the quotient of h + 5 by 2^130 says whether to subtract the modulus once.
  let carry = (h0 + 5) >> 32;
  carry = (carry + h1) >> 32;
  carry = (carry + h2) >> 32;
  carry = (carry + h3) >> 32;
  carry = ((carry + h4) >> 2) * 5;
  carry += h0 + <u64>load<u32>(PAD);
  store<u32>(tag, <u32>carry);
  carry = (carry >> 32) + h1 + <u64>load<u32>(PAD, 4);
  store<u32>(tag, <u32>carry, 4);
  carry = (carry >> 32) + h2 + <u64>load<u32>(PAD, 8);
  store<u32>(tag, <u32>carry, 8);
  carry = (carry >> 32) + h3 + <u64>load<u32>(PAD, 12);
  store<u32>(tag, <u32>carry, 12);
  wipe();
}

/** Overwrites the one-time key and the accumulator. */
export function wipe(): void {
  for (let at: usize = R; at < H + 40; at += 8) store<u64>(at, 0);
}
