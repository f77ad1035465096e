// What the engine looks at in an inner packet (wire-protocol.md §8).

/** Length ≥ 20, version 4, IHL ≥ 5, length ≥ 4 × IHL. Nothing else is examined. */
export function isIpv4(packet: usize, length: u32): bool {
  if (length < 20) return false;
  const first: u32 = load<u8>(packet);
  const headerWords = first & 15;
  return first >> 4 == 4 && headerWords >= 5 && length >= headerWords << 2;
}

/** Source address as a number (a<<24 | b<<16 | c<<8 | d). */
export function sourceOf(packet: usize): u32 {
  return bswap<u32>(load<u32>(packet, 12));
}

/** Destination address as a number. */
export function destinationOf(packet: usize): u32 {
  return bswap<u32>(load<u32>(packet, 16));
}

/** Network mask of a prefix length 0 … 32. */
export function maskOf(bits: u32): u32 {
  return bits == 0 ? 0 : ~(<u32>0) << (32 - bits);
}
