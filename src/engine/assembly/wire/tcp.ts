// A view of a TCP header (RFC 9293 §3.1). Numbers are in host order.

import { sum16 } from "./checksum";
import { pseudoHeaderSum } from "./ip";

/** Its number in the IP header. */
export const PROTOCOL_TCP: u32 = 6;
/** A header without options. */
export const TCP_SMALLEST: u32 = 20;
/** Where the checksum stands, as the virtio header wants to know it. */
export const TCP_CHECKSUM: usize = 16;

export const TCP_FIN: u32 = 0x01;
export const TCP_PSH: u32 = 0x08;
export const TCP_ACK: u32 = 0x10;
export const TCP_CWR: u32 = 0x80;

const PORTS: usize = 0;
const SEQUENCE: usize = 4;
const ACKNOWLEDGEMENT: usize = 8;
const DATA_OFFSET: usize = 12;
const FLAGS: usize = 13;
const WINDOW: usize = 14;
const URGENT: usize = 18;
const OPTIONS: usize = 20;

/** Both ports in one, for comparing. */
export function portsOf(tcp: usize): u32 {
  return load<u32>(tcp, PORTS);
}

export function sequenceOf(tcp: usize): u32 {
  return bswap<u32>(load<u32>(tcp, SEQUENCE));
}

export function setSequence(tcp: usize, value: u32): void {
  store<u32>(tcp, bswap<u32>(value), SEQUENCE);
}

/** Bytes in the header with its options, from its own data offset: 0 … 60. */
export function tcpHeaderLength(tcp: usize): u32 {
  return (load<u8>(tcp, DATA_OFFSET) >> 4) << 2;
}

export function flagsOf(tcp: usize): u32 {
  return load<u8>(tcp, FLAGS);
}

export function setFlags(tcp: usize, flags: u32): void {
  store<u8>(tcp, flags, FLAGS);
}

/**
 * True when two headers of `length` bytes differ at most in sequence number, flags and checksum: acknowledgement, data
 * offset with its reserved bits, window, urgent pointer (which means nothing here but stays what it was), options.
 */
export function sameButSequence(tcp: usize, other: usize, length: u32): bool {
  return (
    load<u32>(tcp, ACKNOWLEDGEMENT) == load<u32>(other, ACKNOWLEDGEMENT) &&
    load<u8>(tcp, DATA_OFFSET) == load<u8>(other, DATA_OFFSET) &&
    load<u16>(tcp, WINDOW) == load<u16>(other, WINDOW) &&
    load<u16>(tcp, URGENT) == load<u16>(other, URGENT) &&
    memory.compare(tcp + OPTIONS, other + OPTIONS, length - TCP_SMALLEST) == 0
  );
}

/** True when the checksum is right over `length` bytes of header and data in the packet at `packet`. */
export function tcpChecksumIsRight(packet: usize, tcp: usize, length: u32): bool {
  return sum16(tcp, length, pseudoHeaderSum(packet, PROTOCOL_TCP, length)) == 0xffff;
}

/** Computes the checksum over `length` bytes of header and data. */
export function storeTcpChecksum(packet: usize, tcp: usize, length: u32): void {
  store<u16>(tcp, 0, TCP_CHECKSUM);
  store<u16>(tcp, ~sum16(tcp, length, pseudoHeaderSum(packet, PROTOCOL_TCP, length)), TCP_CHECKSUM);
}

/** Puts the pseudo-header's sum where whoever finishes the checksum expects it. */
export function storePseudoSum(packet: usize, tcp: usize, length: u32): void {
  store<u16>(tcp, pseudoHeaderSum(packet, PROTOCOL_TCP, length), TCP_CHECKSUM);
}
