// What a kernel does behind a TUN with segmentation offload: cuts a TCP super-packet into the packets TCP means
// (virtio specification, struct virtio_net_hdr), and checks or completes checksums. Written for clarity, as the
// counterpart of the engine's own segmentation.

/** Fields of struct virtio_net_hdr, little-endian. */
export interface VnetHeader {
  readonly needsChecksum: boolean;
  /** 0 none, 1 TCPv4; bit 7 says ECN. */
  readonly gsoType: number;
  readonly headerLength: number;
  readonly segmentSize: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

export const VNET_LENGTH = 10;
export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
const TCP = 6;
const FIN = 1;
const PSH = 8;
const CWR = 0x80;

export function encodeVnet(header: VnetHeader): Uint8Array {
  const out = new Uint8Array(VNET_LENGTH);
  const view = new DataView(out.buffer);
  view.setUint8(0, header.needsChecksum ? 1 : 0);
  view.setUint8(1, header.gsoType);
  view.setUint16(2, header.headerLength, true);
  view.setUint16(4, header.segmentSize, true);
  view.setUint16(6, header.checksumStart, true);
  view.setUint16(8, header.checksumOffset, true);
  return out;
}

export function decodeVnet(bytes: Uint8Array): VnetHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, VNET_LENGTH);
  return {
    needsChecksum: (view.getUint8(0) & 1) !== 0,
    gsoType: view.getUint8(1),
    headerLength: view.getUint16(2, true),
    segmentSize: view.getUint16(4, true),
    checksumStart: view.getUint16(6, true),
    checksumOffset: view.getUint16(8, true),
  };
}

/** One's complement sum of big-endian 16-bit words (RFC 1071), not inverted. */
export function internetSum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
  while (sum > 0xffff) sum = (sum % 65536) + Math.floor(sum / 65536);
  return sum;
}

/** Sum over the pseudo-header of an IPv4 packet whose payload after the IP header has `length` bytes. */
export function pseudoSum(packet: Uint8Array, length: number): number {
  return internetSum(packet.subarray(12, 20), packet[9]! + length);
}

function put16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value & 0xff;
}

/** Computes the IP header checksum and the TCP checksum of a whole packet. */
export function setChecksums(packet: Uint8Array): void {
  const ip = (packet[0]! % 16) * 4;
  put16(packet, 10, 0);
  put16(packet, 10, 0xffff - internetSum(packet.subarray(0, ip)));
  put16(packet, ip + 16, 0);
  put16(packet, ip + 16, 0xffff - internetSum(packet.subarray(ip), pseudoSum(packet, packet.length - ip)));
}

/** True when both checksums of a TCP packet are right. */
export function checksumsHold(packet: Uint8Array): boolean {
  const ip = (packet[0]! % 16) * 4;
  const tcp = internetSum(packet.subarray(ip), pseudoSum(packet, packet.length - ip));
  return internetSum(packet.subarray(0, ip)) === 0xffff && tcp === 0xffff;
}

/**
 * The packets that a frame (virtio header, then the packet) stands for.
 *
 * @throws RangeError when the header describes something that cannot be
 */
export function expandFrame(frame: Uint8Array): Uint8Array[] {
  const header = decodeVnet(frame);
  const packet = frame.slice(VNET_LENGTH);
  if (header.gsoType !== GSO_NONE) return segment(packet, header);
  if (header.needsChecksum) {
    const at = header.checksumStart + header.checksumOffset;
    if (at + 2 > packet.length) throw new RangeError("checksum field outside the packet");
    put16(packet, at, 0xffff - internetSum(packet.subarray(header.checksumStart)) || 0xffff);
  }
  return [packet];
}

function segment(packet: Uint8Array, header: VnetHeader): Uint8Array[] {
  if ((header.gsoType & 0x7f) !== GSO_TCPV4 || packet[9] !== TCP) throw new RangeError("not TCP over IPv4");
  const ip = (packet[0]! % 16) * 4;
  const headers = ip + Math.floor(packet[ip + 12]! / 16) * 4;
  const size = header.segmentSize;
  if (size === 0 || headers >= packet.length) throw new RangeError("nothing to segment");
  const view = new DataView(packet.buffer, packet.byteOffset);
  const segments: Uint8Array[] = [];
  for (let from = 0; headers + from < packet.length; from += size) {
    const payload = packet.subarray(headers + from, Math.min(headers + from + size, packet.length));
    const out = new Uint8Array(headers + payload.length);
    out.set(packet.subarray(0, headers));
    out.set(payload, headers);
    put16(out, 2, out.length);
    put16(out, 4, (view.getUint16(4) + segments.length) % 65536);
    const last = headers + from + size >= packet.length;
    new DataView(out.buffer).setUint32(ip + 4, view.getUint32(ip + 4) + from);
    if (!last) out[ip + 13]! &= ~(FIN | PSH);
    if (from > 0) out[ip + 13]! &= ~CWR;
    setChecksums(out);
    segments.push(out);
  }
  return segments;
}
