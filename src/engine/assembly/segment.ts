// Segmentation on the way in: the kernel hands over TCP super-packets of up to 64 KiB and unfinished checksums
// (TUN offload); the engine cuts them into the packets that TCP would have sent (virtio spec, "Packet
// Transmission"; the header is struct virtio_net_hdr).

import { VNET_LENGTH } from "../abi";
import { sum16 } from "./wire/checksum";
import { headerLengthOf, isCarried, protocolOf, setSegment, tcpGsoType } from "./wire/ip";
import {
  flagsOf,
  PROTOCOL_TCP,
  sequenceOf,
  setFlags,
  setSequence,
  storeTcpChecksum,
  TCP_CWR,
  TCP_FIN,
  TCP_PSH,
  TCP_SMALLEST,
  tcpHeaderLength,
} from "./wire/tcp";
import { checksumOnWire } from "./wire/udp";
import {
  checksumField,
  checksumStart,
  gsoTypeOf,
  isSegmented,
  needsChecksum,
  segmentSizeOf,
} from "./wire/vnet";

/** The super-packet being cut. */
let source: usize = 0;
let ipLength: u32 = 0;
let headerLength: u32 = 0;
let payloadLength: u32 = 0;
let segmentSize: u32 = 0;
let produced: u32 = 0;

/** True when the virtio header before the packet says that it must be segmented. */
export function isSuperPacket(packet: usize): bool {
  return isSegmented(packet - VNET_LENGTH);
}

/** Finishes a checksum that the kernel left to the device. The field holds the sum over the pseudo-header. */
export function completeChecksum(packet: usize, length: u32): void {
  const vnet = packet - VNET_LENGTH;
  if (!needsChecksum(vnet)) return;
  const start = checksumStart(vnet);
  const field = start + checksumField(vnet);
  if (start >= length || field + 2 > length) return;
  store<u16>(packet + field, checksumOnWire(~sum16(packet + start, length - start, 0) & 0xffff));
}

/** Prepares to cut the super-packet at `packet`. False when it is not a well-formed TCP one. */
export function beginSegments(packet: usize, length: u32): bool {
  const vnet = packet - VNET_LENGTH;
  if (!isCarried(packet, length) || protocolOf(packet) != PROTOCOL_TCP) return false;
  if (gsoTypeOf(vnet) != tcpGsoType(packet)) return false;
  ipLength = headerLengthOf(packet);
  if (length < ipLength + TCP_SMALLEST) return false;
  const tcpLength = tcpHeaderLength(packet + ipLength);
  headerLength = ipLength + tcpLength;
  segmentSize = segmentSizeOf(vnet);
  if (tcpLength < TCP_SMALLEST || length <= headerLength || segmentSize == 0) return false;
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
  setSegment(out, ipLength, length, index);

  const tcp = out + ipLength;
  setSequence(tcp, sequenceOf(tcp) + from);
  let flags = flagsOf(tcp);
  if (from + payload != payloadLength) flags &= ~(TCP_FIN | TCP_PSH);
  if (index != 0) flags &= ~TCP_CWR;
  setFlags(tcp, flags);
  storeTcpChecksum(out, tcp, length - ipLength);
}
