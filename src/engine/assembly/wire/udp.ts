// What the engine needs to know of UDP (RFC 768).

/** Largest payload in one IPv4 packet: the bound of a coalesced message. */
export const UDP_LARGEST_PAYLOAD: u32 = 65507;

/** The sum as it is sent: 0 would mean that there is none, so it is all ones. For TCP both mean the same. */
export function checksumOnWire(sum: u32): u32 {
  return sum == 0 ? 0xffff : sum;
}
