// The internet checksum (RFC 1071) and network byte order. Sums are kept in memory order (little-endian words), which the one's
// complement sum allows; only constants and lengths need swapping.

/** One's complement sum of `length` bytes, added to `initial`, folded to 16 bits. length < 2^16. */
export function sum16(data: usize, length: u32, initial: u32): u32 {
  let total: u64 = initial;
  let at = data;
  let left = length;
  if (ASC_FEATURE_SIMD) {
    if (left >= 32) {
      let low = i32x4.splat(0);
      let high = i32x4.splat(0);
      do {
        low = i32x4.add(low, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
        high = i32x4.add(high, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16)));
        at += 32;
        left -= 32;
      } while (left >= 32);
      const lanes = i64x2.add(
        i64x2.add(i64x2.extend_low_i32x4_u(low), i64x2.extend_high_i32x4_u(low)),
        i64x2.add(i64x2.extend_low_i32x4_u(high), i64x2.extend_high_i32x4_u(high)),
      );
      total += i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1);
    }
  }
  while (left >= 4) {
    total += load<u32>(at);
    at += 4;
    left -= 4;
  }
  if (left >= 2) {
    total += load<u16>(at);
    at += 2;
    left -= 2;
  }
  if (left != 0) total += load<u8>(at);
  total = (total & 0xffffffff) + (total >> 32);
  total = (total & 0xffff) + (total >> 16);
  total = (total & 0xffff) + (total >> 16);
  return <u32>((total & 0xffff) + (total >> 16));
}

/** A 16-bit number in network order, as it is loaded from memory. */
export function network16(value: u32): u32 {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff);
}
