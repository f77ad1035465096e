// Coalescing on the way out: consecutive TCP packets of one flow become one TUN write, so that up to 64 KiB cross
// the device and the local TCP stack as one (as Linux GRO does). The payloads are gathered where they lie.
//
// Only packets whose checksums are right are joined: the kernel is told not to check the result.

import { MAX_RUN } from "../abi";
import { extendTun, hasVnet, lastVnetHeader, stageTun } from "./stage";
import {
  headerIsRight,
  isNumbered,
  isPlain,
  LARGEST_PACKET,
  plainHeaderLength,
  protocolOf,
  sameAddresses,
  setLength,
  tcpGsoType,
  treatedAlike,
} from "./wire/ip";
import {
  flagsOf,
  PROTOCOL_TCP,
  portsOf,
  sameButSequence,
  sequenceOf,
  setFlags,
  storePseudoSum,
  TCP_ACK,
  TCP_CHECKSUM,
  TCP_PSH,
  TCP_SMALLEST,
  tcpChecksumIsRight,
  tcpHeaderLength,
} from "./wire/tcp";
import { describeSuperPacket } from "./wire/vnet";

/** The group at the end of the TUN table, 0 when the last write cannot be joined. */
let first: usize = 0;
let firstChecked: bool = false;
let headerLength: u32 = 0;
let segmentSize: u32 = 0;
let totalLength: u32 = 0;
let packets: u32 = 0;
let nextSeq: u32 = 0;
let pushed: bool = false;

/** Only packets without IP options are joined, so the TCP header stands at one place. */
function tcpOf(packet: usize): usize {
  return packet + plainHeaderLength(packet);
}

/** Length of the IP and TCP headers when the packet is plain TCP data (ACK, perhaps PSH; no fragment), else 0. */
function joinableHeader(packet: usize, length: u32): u32 {
  if (!isPlain(packet, length) || protocolOf(packet) != PROTOCOL_TCP) return 0;
  const ip = plainHeaderLength(packet);
  if (length < ip + TCP_SMALLEST) return 0;
  const tcp = packet + ip;
  if ((flagsOf(tcp) & ~TCP_PSH) != TCP_ACK) return 0;
  const header = tcpHeaderLength(tcp);
  return header >= TCP_SMALLEST && length > ip + header ? ip + header : 0;
}

function checksumsAreRight(packet: usize, length: u32): bool {
  return (
    headerIsRight(packet) && tcpChecksumIsRight(packet, tcpOf(packet), length - plainHeaderLength(packet))
  );
}

/** Same flow, acknowledgement, window, options and IP treatment, and the next sequence number. */
function continues(packet: usize, header: u32): bool {
  const tcp = tcpOf(packet);
  return (
    header == headerLength &&
    sequenceOf(tcp) == nextSeq &&
    sameAddresses(packet, first) &&
    portsOf(tcp) == portsOf(tcpOf(first)) &&
    treatedAlike(packet, first) &&
    sameButSequence(tcp, tcpOf(first), header - plainHeaderLength(packet)) &&
    isNumbered(packet, first, packets)
  );
}

/** Starts a batch of writes: nothing staged before can be joined. */
export function beginGroup(): void {
  first = 0;
}

/** Rewrites the headers of a group of several packets to describe the whole. */
export function endGroup(): void {
  if (first != 0 && packets > 1) {
    const ip = plainHeaderLength(first);
    setLength(first, ip, totalLength);
    const tcp = tcpOf(first);
    if (pushed) setFlags(tcp, flagsOf(tcp) | TCP_PSH);
    storePseudoSum(first, tcp, totalLength - ip);
    const vnet = lastVnetHeader();
    describeSuperPacket(vnet, tcpGsoType(first), headerLength, segmentSize, ip, <u32>TCP_CHECKSUM);
  }
  first = 0;
}

/** Stages an inner packet for the TUN, joined to the write before it where that is the same flow's next data. */
export function deliver(packet: usize, length: u32): void {
  if (!hasVnet()) {
    stageTun(packet, length);
    return;
  }
  const header = joinableHeader(packet, length);
  if (header == 0) {
    endGroup();
    stageTun(packet, length);
    return;
  }
  const payload = length - header;
  const psh = (flagsOf(tcpOf(packet)) & TCP_PSH) != 0;
  if (
    first != 0 &&
    payload <= segmentSize &&
    packets < <u32>MAX_RUN &&
    totalLength + payload <= LARGEST_PACKET &&
    continues(packet, header) &&
    (firstChecked || checksumsAreRight(first, headerLength + segmentSize)) &&
    checksumsAreRight(packet, length)
  ) {
    firstChecked = true;
    extendTun(packet + header, payload, length);
    packets++;
    totalLength += payload;
    nextSeq += payload;
    pushed = pushed || psh;
    // A shorter packet or a push ends the run, as in TCP segmentation.
    if (payload < segmentSize || psh) endGroup();
    return;
  }
  endGroup();
  stageTun(packet, length);
  if (psh) return;
  first = packet;
  firstChecked = false;
  headerLength = header;
  segmentSize = payload;
  totalLength = length;
  packets = 1;
  nextSeq = sequenceOf(tcpOf(packet)) + payload;
  pushed = false;
}
