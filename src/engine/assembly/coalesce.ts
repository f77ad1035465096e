// Coalescing on the way out: consecutive TCP packets of one flow become one TUN write, so that up to 64 KiB cross
// the device and the local TCP stack as one (as Linux GRO does). The payloads are gathered where they lie.
//
// Only packets whose checksums are right are joined: the kernel is told not to check the result.

import { MAX_RUN } from "../abi";
import { extendTun, hasVnet, lastVnetHeader, stageTun } from "./stage";
import { network16, storeHeaderChecksum, sum16, tcpPseudoSum } from "./wire/checksum";

const IP_HEADER: u32 = 20;
const TCP_FLAGS: usize = 13;
const TCP_CHECKSUM: usize = 16;
const DONT_FRAGMENT: u32 = 0x40;
const FLAG_PSH: u32 = 0x08;
const FLAG_ACK: u32 = 0x10;
const MAX_IP_LENGTH: u32 = 65535;

const NEEDS_CSUM: u32 = 1;
const GSO_TCPV4: u32 = 1;

/** The group at the end of the TUN table, 0 when the last write cannot be joined. */
let first: usize = 0;
let firstChecked: bool = false;
let headerLength: u32 = 0;
let segmentSize: u32 = 0;
let totalLength: u32 = 0;
let packets: u32 = 0;
let nextSeq: u32 = 0;
let pushed: bool = false;

/** Length of the IP and TCP headers when the packet is plain TCP data (ACK, perhaps PSH; no fragment), else 0. */
function joinableHeader(packet: usize, length: u32): u32 {
  if (length < 40 || load<u8>(packet) != 0x45 || load<u8>(packet, 9) != 6) return 0;
  if (network16(load<u16>(packet, 2)) != length) return 0;
  // More fragments, or a fragment offset (the don't-fragment bit is 0x40 of the first byte).
  if ((load<u16>(packet, 6) & 0xffbf) != 0) return 0;
  if ((<u32>load<u8>(packet + IP_HEADER, TCP_FLAGS) & ~FLAG_PSH) != FLAG_ACK) return 0;
  const header: u32 = IP_HEADER + ((load<u8>(packet + IP_HEADER, 12) >> 4) << 2);
  return header >= 40 && length > header ? header : 0;
}

function checksumsAreRight(packet: usize, length: u32): bool {
  return (
    sum16(packet, IP_HEADER, 0) == 0xffff &&
    sum16(packet + IP_HEADER, length - IP_HEADER, tcpPseudoSum(packet, length - IP_HEADER)) == 0xffff
  );
}

/** The kernel numbers segments upwards from the first; an atomic datagram's number means nothing (RFC 6864). */
function identificationContinues(packet: usize): bool {
  if ((load<u8>(packet, 6) & DONT_FRAGMENT) != 0) return true;
  return network16(load<u16>(packet, 4)) == ((network16(load<u16>(first, 4)) + packets) & 0xffff);
}

/** Same flow, acknowledgement, window, options and IP treatment, and the next sequence number. */
function continues(packet: usize, header: u32): bool {
  if (header != headerLength || bswap<u32>(load<u32>(packet, 24)) != nextSeq) return false;
  if (load<u64>(packet, 12) != load<u64>(first, 12) || load<u32>(packet, 20) != load<u32>(first, 20))
    return false;
  if (load<u8>(packet, 1) != load<u8>(first, 1) || load<u8>(packet, 8) != load<u8>(first, 8)) return false;
  if (load<u16>(packet, 6) != load<u16>(first, 6)) return false;
  if (load<u32>(packet, 28) != load<u32>(first, 28)) return false;
  // Data offset and reserved bits; window; urgent pointer, which means nothing here but stays what it was.
  if (load<u8>(packet, 32) != load<u8>(first, 32) || load<u16>(packet, 34) != load<u16>(first, 34))
    return false;
  if (load<u16>(packet, 38) != load<u16>(first, 38) || !identificationContinues(packet)) return false;
  return memory.compare(packet + 40, first + 40, header - 40) == 0;
}

/** Starts a batch of writes: nothing staged before can be joined. */
export function beginGroup(): void {
  first = 0;
}

/** Rewrites the headers of a group of several packets to describe the whole. */
export function endGroup(): void {
  if (first != 0 && packets > 1) {
    store<u16>(first, network16(totalLength), 2);
    storeHeaderChecksum(first, IP_HEADER);
    const tcp = first + IP_HEADER;
    if (pushed) store<u8>(tcp, load<u8>(tcp, TCP_FLAGS) | FLAG_PSH, TCP_FLAGS);
    store<u16>(tcp, tcpPseudoSum(first, totalLength - IP_HEADER), TCP_CHECKSUM);
    const vnet = lastVnetHeader();
    store<u8>(vnet, NEEDS_CSUM);
    store<u8>(vnet, GSO_TCPV4, 1);
    store<u16>(vnet, headerLength, 2);
    store<u16>(vnet, segmentSize, 4);
    store<u16>(vnet, IP_HEADER, 6);
    store<u16>(vnet, TCP_CHECKSUM, 8);
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
  const psh = (load<u8>(packet + IP_HEADER, TCP_FLAGS) & FLAG_PSH) != 0;
  if (
    first != 0 &&
    payload <= segmentSize &&
    packets < <u32>MAX_RUN &&
    totalLength + payload <= MAX_IP_LENGTH &&
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
  nextSeq = bswap<u32>(load<u32>(packet, 24)) + payload;
  pushed = false;
}
