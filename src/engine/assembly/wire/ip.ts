// A view of an inner packet, whatever its version of IP: what the rest of the engine asks of one. There is one version today,
// so every answer is ip4.ts's; with a second one each function here looks at the packet first.

import { Key, keyAt } from "../prefix";
import {
  IP4_SMALLEST,
  ip4AddIdentification,
  ip4Destination,
  ip4HeaderIsRight,
  ip4HeaderLength,
  ip4IsNumbered,
  ip4Protocol,
  ip4PseudoHeaderSum,
  ip4SetLength,
  ip4Source,
  ip4TotalLength,
  ip4TreatedAlike,
  isIp4Fragment,
  isIpv4,
  isPlainIp4,
  sameIp4Addresses,
} from "./ip4";

/** No inner packet is longer. */
export const LARGEST_PACKET: u32 = 65535;

/** VIRTIO_NET_HDR_GSO_TCPV4 (virtio 1.2 §5.1.6). */
const GSO_TCPV4: u32 = 1;

/** True for a packet that the overlay carries, its header whole. Ask this first. */
export function isCarried(packet: usize, length: u32): bool {
  return isIpv4(packet, length);
}

export function sourceOf(packet: usize): Key {
  return keyAt(ip4Source(packet));
}

export function destinationOf(packet: usize): Key {
  return keyAt(ip4Destination(packet));
}

/** Bytes before the transport's header. */
export function headerLengthOf(packet: usize): u32 {
  return ip4HeaderLength(packet);
}

/** Number of the transport protocol. */
export function protocolOf(packet: usize): u32 {
  return ip4Protocol(packet);
}

/** Bytes before the transport's header where isPlain holds. */
export function plainHeaderLength(_packet: usize): u32 {
  return IP4_SMALLEST;
}

/** True for a packet of which all `length` bytes are there: no options before the transport's header, and no fragment. */
export function isPlain(packet: usize, length: u32): bool {
  return (
    length >= IP4_SMALLEST && isPlainIp4(packet) && ip4TotalLength(packet) == length && !isIp4Fragment(packet)
  );
}

/** True when the header's own checksum, where it has one, is right. Only where isPlain holds. */
export function headerIsRight(packet: usize): bool {
  return ip4HeaderIsRight(packet);
}

/** True when both have the same source and the same destination. */
export function sameAddresses(packet: usize, other: usize): bool {
  return sameIp4Addresses(packet, other);
}

/** True when two packets are treated alike on their way. Only where isPlain holds. */
export function treatedAlike(packet: usize, other: usize): bool {
  return ip4TreatedAlike(packet, other);
}

/** True when `packet` is numbered as segment `n` of a super-packet whose segment 0 is `first`. */
export function isNumbered(packet: usize, first: usize, n: u32): bool {
  return ip4IsNumbered(packet, first, n);
}

/** Makes the copy of a super-packet's header that of segment `n`, of `length` bytes in all. */
export function setSegment(packet: usize, headerLength: u32, length: u32, n: u32): void {
  ip4AddIdentification(packet, n);
  ip4SetLength(packet, headerLength, length);
}

/** Makes the header that of a packet of `length` bytes in all. */
export function setLength(packet: usize, headerLength: u32, length: u32): void {
  ip4SetLength(packet, headerLength, length);
}

/** Sum over the pseudo-header, for `length` bytes behind the header. */
export function pseudoHeaderSum(packet: usize, protocol: u32, length: u32): u32 {
  return ip4PseudoHeaderSum(packet, protocol, length);
}

/** What a virtio header calls a super-packet of TCP over this version of IP. */
export function tcpGsoType(_packet: usize): u32 {
  return GSO_TCPV4;
}
