// IPv4 packets as a host behind an in-memory TUN writes and reads them (RFC 791, RFC 792).

const HEADER = 20;
const TTL = 64;

export const PROTOCOL_ICMP = 1;
/** For experiments (RFC 3692); the demo's stream. */
export const PROTOCOL_STREAM = 253;
export const ECHO_REPLY = 0;
export const ECHO_REQUEST = 8;

/** Internet checksum (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function writeAddress(bytes: Uint8Array, at: number, address: string): void {
  const octets = address.split(".").map(Number);
  for (let i = 0; i < 4; i++) bytes[at + i] = octets[i]!;
}

/** A packet from `source` to `destination` with room for `length` bytes of payload, and that payload's view. */
export function newPacket(
  source: string,
  destination: string,
  protocol: number,
  length: number,
): { packet: Uint8Array; payload: Uint8Array } {
  const packet = new Uint8Array(HEADER + length);
  packet[0] = 0x45;
  packet[2] = packet.length >> 8;
  packet[3] = packet.length & 255;
  packet[8] = TTL;
  packet[9] = protocol;
  writeAddress(packet, 12, source);
  writeAddress(packet, 16, destination);
  const sum = checksum(packet.subarray(0, HEADER));
  packet[10] = sum >> 8;
  packet[11] = sum & 255;
  return { packet, payload: packet.subarray(HEADER) };
}

export interface Received {
  readonly source: string;
  readonly protocol: number;
  readonly payload: Uint8Array;
}

/** Reads a packet that the node delivered; undefined when its header is damaged. */
export function readPacket(packet: Uint8Array): Received | undefined {
  const header = (packet[0]! & 15) * 4;
  if (packet.length < header || header < HEADER || checksum(packet.subarray(0, header)) !== 0)
    return undefined;
  return {
    source: packet.subarray(12, 16).join("."),
    protocol: packet[9]!,
    payload: packet.subarray(header, (packet[2]! << 8) | packet[3]!),
  };
}

/** An ICMP echo message. */
export function echo(
  source: string,
  destination: string,
  type: number,
  identifierAndSequence: number,
  data: Uint8Array,
): Uint8Array {
  const { packet, payload } = newPacket(source, destination, PROTOCOL_ICMP, 8 + data.length);
  payload[0] = type;
  new DataView(payload.buffer, payload.byteOffset).setUint32(4, identifierAndSequence);
  payload.set(data, 8);
  const sum = checksum(payload);
  payload[2] = sum >> 8;
  payload[3] = sum & 255;
  return packet;
}

/** Identifier and sequence number of an ICMP echo message, as one number. */
export function echoNumber(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(4);
}
