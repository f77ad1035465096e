// A capture file of bare IP packets, as pcapng (IETF draft-ietf-opsawg-pcapng): what wireshark and tshark read.

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const PACKET = 6;
const LINK_RAW = 101;
const SNAP_LENGTH = 65535;
const OPTION_TSRESOL = 9;
const NANOSECONDS = 9;

function block(type: number, body: Buffer): Buffer {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(out.length, 4);
  body.copy(out, 8);
  out.writeUInt32LE(out.length, out.length - 4);
  return out;
}

/** The file's head: one section, one interface of raw IP with time stamps in nanoseconds. */
export function pcapngHead(): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(BYTE_ORDER, 0);
  section.writeUInt16LE(1, 4);
  // The section's length is not known.
  section.writeBigInt64LE(-1n, 8);
  const description = Buffer.alloc(20);
  description.writeUInt16LE(LINK_RAW, 0);
  description.writeUInt32LE(SNAP_LENGTH, 4);
  description.writeUInt16LE(OPTION_TSRESOL, 8);
  description.writeUInt16LE(1, 10);
  description[12] = NANOSECONDS;
  return Buffer.concat([block(SECTION, section), block(INTERFACE, description)]);
}

const LATEST = 0xffff_ffff_ffff_ffffn;

/** One packet with its time: whole seconds, and nanoseconds behind them. A time that does not fit becomes the latest. */
export function pcapngPacket(packet: Uint8Array, seconds: number, nanoseconds: number): Buffer {
  const body = Buffer.alloc(20 + ((packet.length + 3) & ~3));
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(Math.floor(nanoseconds));
  const stamp = time > LATEST ? LATEST : time;
  body.writeUInt32LE(Number(stamp >> 32n), 4);
  body.writeUInt32LE(Number(stamp & 0xffffffffn), 8);
  body.writeUInt32LE(packet.length, 12);
  body.writeUInt32LE(packet.length, 16);
  body.set(packet, 20);
  return block(PACKET, body);
}
