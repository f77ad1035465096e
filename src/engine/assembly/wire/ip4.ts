// A view of an IPv4 header (RFC 791 §3.1), for ip.ts alone. Numbers are in host order; what a field holds is checked by isIpv4
// alone, as wire-protocol.md §8 wants it.

import { network16, sum16 } from "./checksum";

/** A header without options. */
export const IP4_SMALLEST: u32 = 20;
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

export function ip4TotalLength(packet: usize): u32 {
  return network16(load<u16>(packet, TOTAL_LENGTH));
}

function identificationOf(packet: usize): u32 {
  return network16(load<u16>(packet, IDENTIFICATION));
}

/** Raises the identification, as each segment of a super-packet has the next one. */
export function ip4AddIdentification(packet: usize, n: u32): void {
  store<u16>(packet, network16(identificationOf(packet) + n), IDENTIFICATION);
}

/** The kernel numbers segments upwards from the first; an atomic datagram's number means nothing (RFC 6864). */
export function ip4IsNumbered(packet: usize, first: usize, n: u32): bool {
  if ((load<u8>(packet, FLAGS_AND_FRAGMENT) & DONT_FRAGMENT) != 0) return true;
  return identificationOf(packet) == ((identificationOf(first) + n) & 0xffff);
}

/** More fragments follow, or this is not the first (all bits but the don't-fragment bit, as they lie in memory). */
export function isIp4Fragment(packet: usize): bool {
  return (load<u16>(packet, FLAGS_AND_FRAGMENT) & ~DONT_FRAGMENT) != 0;
}

export function ip4Protocol(packet: usize): u32 {
  return load<u8>(packet, PROTOCOL);
}

export function ip4Source(packet: usize): usize {
  return packet + SOURCE;
}

export function ip4Destination(packet: usize): usize {
  return packet + DESTINATION;
}

/** True when both have the same source and the same destination. */
export function sameIp4Addresses(packet: usize, other: usize): bool {
  return load<u64>(packet, SOURCE) == load<u64>(other, SOURCE);
}

/** Sum over the pseudo-header of a packet whose part behind the IPv4 header has `length` bytes (RFC 9293 §3.1). */
export function ip4PseudoHeaderSum(packet: usize, protocol: u32, length: u32): u32 {
  return sum16(packet + SOURCE, 8, network16(protocol) + network16(length));
}

/** True when two packets without options are treated alike on their way: type of service, fragment bits, time to live. */
export function ip4TreatedAlike(packet: usize, other: usize): bool {
  return (
    load<u8>(packet, TYPE_OF_SERVICE) == load<u8>(other, TYPE_OF_SERVICE) &&
    load<u8>(packet, TIME_TO_LIVE) == load<u8>(other, TIME_TO_LIVE) &&
    load<u16>(packet, FLAGS_AND_FRAGMENT) == load<u16>(other, FLAGS_AND_FRAGMENT)
  );
}

/** True when the checksum of a header without options is right. */
export function ip4HeaderIsRight(packet: usize): bool {
  return sum16(packet, IP4_SMALLEST, 0) == 0xffff;
}

/** Sets the total length, and the checksum of a header of `headerLength` bytes that is otherwise complete. */
export function ip4SetLength(packet: usize, headerLength: u32, length: u32): void {
  store<u16>(packet, network16(length), TOTAL_LENGTH);
  store<u16>(packet, 0, CHECKSUM);
  store<u16>(packet, ~sum16(packet, headerLength, 0), CHECKSUM);
}
