// Random TCP packets and flows for the offload tests.

import type { Prng } from "../../../src/platform/sim/prng.ts";
import { setChecksums } from "../../../src/platform/sim/tcp-offload.ts";

export const ACK = 0x10;
export const PSH = 0x08;
export const FIN = 0x01;

export interface TcpFields {
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  window: number;
  flags: number;
  /** Low nibble of the data-offset byte: reserved bits. */
  reserved: number;
  urgent: number;
  id: number;
  /** The don't-fragment bit. */
  dontFragment: boolean;
  tos: number;
  ttl: number;
  ipOptions: Uint8Array;
  tcpOptions: Uint8Array;
  payload: Uint8Array;
}

/** A whole packet with right checksums. Options are multiples of 4 bytes. */
export function tcpPacket(fields: TcpFields): Uint8Array {
  const ip = 20 + fields.ipOptions.length;
  const tcp = 20 + fields.tcpOptions.length;
  const out = new Uint8Array(ip + tcp + fields.payload.length);
  const view = new DataView(out.buffer);
  view.setUint8(0, 0x40 + ip / 4);
  view.setUint8(1, fields.tos);
  view.setUint16(2, out.length > 0xffff ? 0 : out.length);
  view.setUint16(4, fields.id);
  view.setUint16(6, fields.dontFragment ? 0x4000 : 0);
  view.setUint8(8, fields.ttl);
  view.setUint8(9, 6);
  view.setUint32(12, fields.source);
  view.setUint32(16, fields.destination);
  out.set(fields.ipOptions, 20);
  view.setUint16(ip, fields.sourcePort);
  view.setUint16(ip + 2, fields.destinationPort);
  view.setUint32(ip + 4, fields.seq);
  view.setUint32(ip + 8, fields.ack);
  view.setUint8(ip + 12, (tcp / 4) * 16 + fields.reserved);
  view.setUint8(ip + 13, fields.flags);
  view.setUint16(ip + 14, fields.window);
  view.setUint16(ip + 18, fields.urgent);
  out.set(fields.tcpOptions, ip + 20);
  out.set(fields.payload, ip + tcp);
  setChecksums(out);
  return out;
}

/** The next packet of a flow is like the last; sequence number and identification go on from it. */
export function randomFields(random: Prng, source: number, destination: number): TcpFields {
  return {
    source,
    destination,
    sourcePort: random.below(65536),
    destinationPort: random.below(65536),
    seq: random.chance(0.2) ? 0xffffffff - random.below(4000) : random.u32(),
    ack: random.u32(),
    window: random.below(65536),
    flags: ACK,
    reserved: 0,
    urgent: 0,
    id: random.chance(0.2) ? 0xffff - random.below(10) : random.below(65536),
    dontFragment: random.chance(0.5),
    tos: random.pick([0, 0, 2, 0x10]),
    ttl: 64,
    ipOptions: new Uint8Array(0),
    tcpOptions: random.bytes(random.pick([0, 12, 12, 20, 40])),
    payload: random.bytes(random.between(1, 1400)),
  };
}

/** Changes one thing that makes a packet something else than the smooth continuation of its flow. */
export function disturb(random: Prng, fields: TcpFields): TcpFields {
  const out = { ...fields };
  switch (random.below(14)) {
    case 0:
      out.seq = (out.seq + random.pick([1, -1, 1000])) >>> 0;
      break;
    case 1:
      out.ack = random.u32();
      break;
    case 2:
      out.window = random.below(65536);
      break;
    case 3:
      out.flags = random.below(256);
      break;
    case 4:
      out.reserved = random.below(16);
      break;
    case 5:
      out.urgent = random.below(65536);
      break;
    case 6:
      out.id = random.below(65536);
      break;
    case 7:
      out.dontFragment = !out.dontFragment;
      break;
    case 8:
      out.tos = random.below(256);
      break;
    case 9:
      out.ttl = random.below(256);
      break;
    case 10:
      out.ipOptions = random.bytes(random.pick([4, 8, 40]));
      break;
    case 11:
      out.tcpOptions = random.bytes(random.pick([0, 4, 12, 40]));
      break;
    case 12:
      out.sourcePort = random.below(65536);
      break;
    default:
      out.payload = random.bytes(random.below(10));
  }
  return out;
}
