// A view of an IPv4 header (RFC 791 §3.1). Numbers are in host order; what a field holds is checked by isIpv4 alone, as
// wire-protocol.md §8 wants it.

import { network16, sum16 } from "./checksum";

/** A header without options. */
export const IP4_SMALLEST: u32 = 20;
export const IP4_LARGEST_PACKET: u32 = 65535;
export const PROTOCOL_TCP: u32 = 6;
/** First byte of a header without options: version 4, five words. */
const PLAIN: u32 = 0x45;

const VERSION_AND_WORDS: usize = 0;
const TYPE_OF_SERVICE: usize = 1;
const TOTAL_LENGTH: usize = 2;
const IDENTIFICATION: usize = 4;
const FLAGS_AND_FRAGMENT: usize = 6;
const TIME_TO_LIVE: usize = 8;
const PROTOCOL: usize = 9;
const CHECKSUM: usize = 10;
const SOURCE: usize = 12;
const DESTINATION: usize = 16;

/** Of the first byte of FLAGS_AND_FRAGMENT. */
const DONT_FRAGMENT: u32 = 0x40;

/** Length ≥ 20, version 4, IHL ≥ 5, length ≥ 4 × IHL. Nothing else is examined. */
export function isIpv4(packet: usize, length: u32): bool {
  if (length < IP4_SMALLEST) return false;
  const first: u32 = load<u8>(packet, VERSION_AND_WORDS);
  const words = first & 15;
  return first >> 4 == 4 && words >= 5 && length >= words << 2;
}

/** True for version 4 and a header without options. */
export function isPlainIp4(packet: usize): bool {
  return load<u8>(packet, VERSION_AND_WORDS) == PLAIN;
}

/** Bytes in the header, from its own length field. */
export function ip4HeaderLength(packet: usize): u32 {
  return (load<u8>(packet, VERSION_AND_WORDS) & 15) << 2;
}

export function totalLengthOf(packet: usize): u32 {
  return network16(load<u16>(packet, TOTAL_LENGTH));
}

export function setTotalLength(packet: usize, length: u32): void {
  store<u16>(packet, network16(length), TOTAL_LENGTH);
}

export function identificationOf(packet: usize): u32 {
  return network16(load<u16>(packet, IDENTIFICATION));
}

export function setIdentification(packet: usize, value: u32): void {
  store<u16>(packet, network16(value), IDENTIFICATION);
}

export function mayNotBeFragmented(packet: usize): bool {
  return (load<u8>(packet, FLAGS_AND_FRAGMENT) & DONT_FRAGMENT) != 0;
}

/** More fragments follow, or this is not the first (all bits but the don't-fragment bit, as they lie in memory). */
export function isFragment(packet: usize): bool {
  return (load<u16>(packet, FLAGS_AND_FRAGMENT) & ~DONT_FRAGMENT) != 0;
}

export function protocolOf(packet: usize): u32 {
  return load<u8>(packet, PROTOCOL);
}

/** Source address as a number (a<<24 | b<<16 | c<<8 | d). */
export function sourceOf(packet: usize): u32 {
  return bswap<u32>(load<u32>(packet, SOURCE));
}

/** Destination address as a number. */
export function destinationOf(packet: usize): u32 {
  return bswap<u32>(load<u32>(packet, DESTINATION));
}

/** Source and destination in one, for comparing. */
export function addressesOf(packet: usize): u64 {
  return load<u64>(packet, SOURCE);
}

/** Sum over the pseudo-header of a packet whose part behind the IPv4 header has `length` bytes (RFC 9293 §3.1). */
export function pseudoHeaderSum(packet: usize, protocol: u32, length: u32): u32 {
  return sum16(packet + SOURCE, 8, network16(protocol) + network16(length));
}

/** True when two packets without options are treated alike on their way: type of service, fragment bits, time to live. */
export function treatedAlike(packet: usize, other: usize): bool {
  return (
    load<u8>(packet, TYPE_OF_SERVICE) == load<u8>(other, TYPE_OF_SERVICE) &&
    load<u8>(packet, TIME_TO_LIVE) == load<u8>(other, TIME_TO_LIVE) &&
    load<u16>(packet, FLAGS_AND_FRAGMENT) == load<u16>(other, FLAGS_AND_FRAGMENT)
  );
}

/** Computes the header's checksum. */
export function storeHeaderChecksum(packet: usize, headerLength: u32): void {
  store<u16>(packet, 0, CHECKSUM);
  store<u16>(packet, ~sum16(packet, headerLength, 0), CHECKSUM);
}

/** Network mask of a prefix length 0 … 32. */
export function maskOf(bits: u32): u32 {
  return bits == 0 ? 0 : ~(<u32>0) << (32 - bits);
}
