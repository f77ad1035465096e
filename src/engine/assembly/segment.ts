// Segmentation on the way in: the kernel hands over TCP super-packets of up to 64 KiB and unfinished checksums
// (TUN offload); the engine cuts them into the packets that TCP would have sent (virtio spec, "Packet
// Transmission"; the header is struct virtio_net_hdr).

import { VNET_LENGTH } from "../abi";
import { network16, storeHeaderChecksum, sum16, tcpPseudoSum } from "./wire/checksum";
import { isIpv4 } from "./wire/ipv4";

const VNET_FLAGS: usize = 0;
const VNET_GSO_TYPE: usize = 1;
const VNET_GSO_SIZE: usize = 4;
const VNET_CSUM_START: usize = 6;
const VNET_CSUM_OFFSET: usize = 8;
const NEEDS_CSUM: u32 = 1;
const GSO_NONE: u32 = 0;
const GSO_TCPV4: u32 = 1;
const GSO_ECN: u32 = 0x80;

const TCP_SEQ: usize = 4;
const TCP_FLAGS: usize = 13;
const TCP_CHECKSUM: usize = 16;
const FLAG_FIN: u32 = 0x01;
const FLAG_PSH: u32 = 0x08;
const FLAG_CWR: u32 = 0x80;

/** The super-packet being cut. */
let source: usize = 0;
let ipLength: u32 = 0;
let headerLength: u32 = 0;
let payloadLength: u32 = 0;
let segmentSize: u32 = 0;
let produced: u32 = 0;

/** True when the virtio header before the packet says that it must be segmented. */
export function isSuperPacket(packet: usize): bool {
  return load<u8>(packet - VNET_LENGTH, VNET_GSO_TYPE) != GSO_NONE;
}

/** Finishes a checksum that the kernel left to the device. The field holds the sum over the pseudo-header. */
export function completeChecksum(packet: usize, length: u32): void {
  const header = packet - VNET_LENGTH;
  if ((load<u8>(header, VNET_FLAGS) & NEEDS_CSUM) == 0) return;
  const start: u32 = load<u16>(header, VNET_CSUM_START);
  const field = start + <u32>load<u16>(header, VNET_CSUM_OFFSET);
  if (start >= length || field + 2 > length) return;
  const sum = ~sum16(packet + start, length - start, 0) & 0xffff;
  // UDP sends an all-zero checksum as all ones (RFC 768); for TCP both mean the same.
  store<u16>(packet + field, sum == 0 ? 0xffff : sum);
}

/** Prepares to cut the super-packet at `packet`. False when it is not a well-formed TCP/IPv4 one. */
export function beginSegments(packet: usize, length: u32): bool {
  const vnet = packet - VNET_LENGTH;
  if ((load<u8>(vnet, VNET_GSO_TYPE) & ~GSO_ECN) != GSO_TCPV4) return false;
  if (!isIpv4(packet, length) || load<u8>(packet, 9) != 6) return false;
  ipLength = (load<u8>(packet) & 15) << 2;
  if (length < ipLength + 20) return false;
  const tcpLength: u32 = (load<u8>(packet + ipLength, 12) >> 4) << 2;
  headerLength = ipLength + tcpLength;
  segmentSize = load<u16>(vnet, VNET_GSO_SIZE);
  if (tcpLength < 20 || length <= headerLength || segmentSize == 0) return false;
  source = packet;
  payloadLength = length - headerLength;
  produced = 0;
  return true;
}

export function segmentCount(): u32 {
  return (payloadLength + segmentSize - 1) / segmentSize;
}

/** Length of the next segment. */
export function segmentLength(): u32 {
  return headerLength + min<u32>(segmentSize, payloadLength - produced * segmentSize);
}

/** Passes over the next segment. */
export function skipSegment(): void {
  produced++;
}

/** Writes the next segment, of at most MAX_PLAINTEXT bytes, to `out`. */
export function writeSegment(out: usize): void {
  const length = segmentLength();
  const payload = length - headerLength;
  const from = produced * segmentSize;
  const index = produced++;

  memory.copy(out, source, headerLength);
  memory.copy(out + headerLength, source + headerLength + from, payload);
  store<u16>(out, network16(length), 2);
  store<u16>(out, network16(network16(load<u16>(source, 4)) + index), 4);
  storeHeaderChecksum(out, ipLength);

  const tcp = out + ipLength;
  store<u32>(tcp, bswap<u32>(bswap<u32>(load<u32>(tcp, TCP_SEQ)) + from), TCP_SEQ);
  let flags: u32 = load<u8>(tcp, TCP_FLAGS);
  if (from + payload != payloadLength) flags &= ~(FLAG_FIN | FLAG_PSH);
  if (index != 0) flags &= ~FLAG_CWR;
  store<u8>(tcp, flags, TCP_FLAGS);
  store<u16>(tcp, 0, TCP_CHECKSUM);
  const tcpTotal = length - ipLength;
  store<u16>(tcp, ~sum16(tcp, tcpTotal, tcpPseudoSum(out, tcpTotal)), TCP_CHECKSUM);
}
