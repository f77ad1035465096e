// The datagrams in a packet capture: pcap and pcapng, Ethernet, Linux cooked, raw IP and loopback links, IPv4 and UDP.

export interface CapturedDatagram {
  /** Offset of the UDP payload in the file's bytes, and its length as captured. */
  readonly offset: number;
  readonly length: number;
  /** Time of the packet: whole seconds, and nanoseconds behind them. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

const PCAP_MICRO = 0xa1b2c3d4;
const PCAP_NANO = 0xa1b23c4d;
const PCAPNG_SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const BLOCK_INTERFACE = 1;
const BLOCK_SIMPLE = 3;
const BLOCK_PACKET = 6;
const OPTION_TSRESOL = 9;

const LINK_NULL = 0;
const LINK_ETHERNET = 1;
const LINK_RAW = 101;
const LINK_LOOP = 108;
const LINK_COOKED = 113;
const LINK_IPV4 = 228;
const LINK_COOKED2 = 276;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const PROTOCOL_UDP = 17;
const UDP_HEADER = 8;

interface Interface {
  readonly link: number;
  /** Units of the time stamp in a second. */
  readonly units: number;
}

/** True for the first bytes of a capture file of either kind. */
export function isCapture(bytes: Uint8Array): boolean {
  if (bytes.length < 4) return false;
  const magic = new Reader(bytes, true).u32(0);
  const other = new Reader(bytes, false).u32(0);
  return [magic, other].some((m) => m === PCAP_MICRO || m === PCAP_NANO || m === PCAPNG_SECTION);
}

/** Every UDP datagram over IPv4 in a capture; anything else, and what is cut or malformed, is passed over. */
export function readCapture(bytes: Uint8Array): CapturedDatagram[] {
  const found: CapturedDatagram[] = [];
  const little = new Reader(bytes, true);
  if (little.u32(0) === PCAPNG_SECTION) readBlocks(bytes, found);
  else {
    const magic = little.u32(0);
    const reader = magic === PCAP_MICRO || magic === PCAP_NANO ? little : new Reader(bytes, false);
    readRecords(reader, found);
  }
  return found;
}

class Reader {
  readonly bytes: Uint8Array;
  private readonly little: boolean;

  constructor(bytes: Uint8Array, little: boolean) {
    this.bytes = bytes;
    this.little = little;
  }

  u8(at: number): number {
    return at < this.bytes.length ? this.bytes[at]! : 0;
  }

  u16(at: number): number {
    return this.little ? this.u8(at) + this.u8(at + 1) * 256 : this.u8(at) * 256 + this.u8(at + 1);
  }

  u32(at: number): number {
    return this.little ? this.u16(at) + this.u16(at + 2) * 65536 : this.u16(at) * 65536 + this.u16(at + 2);
  }
}

function readRecords(file: Reader, found: CapturedDatagram[]): void {
  const units = file.u32(0) === PCAP_NANO ? 1e9 : 1e6;
  const link = file.u32(20) & 0xffff;
  let at = 24;
  while (at + 16 <= file.bytes.length) {
    const captured = file.u32(at + 8);
    const start = at + 16;
    if (captured > file.bytes.length - start) return;
    const nanoseconds = file.u32(at + 4) * (1e9 / units);
    addPacket(file.bytes, start, start + captured, link, file.u32(at), nanoseconds, found);
    at = start + captured;
  }
}

function readBlocks(bytes: Uint8Array, found: CapturedDatagram[]): void {
  let reader = new Reader(bytes, true);
  let interfaces: Interface[] = [];
  let at = 0;
  while (at + 12 <= bytes.length) {
    if (reader.u32(at) === PCAPNG_SECTION) {
      reader = new Reader(bytes, new Reader(bytes, true).u32(at + 8) === BYTE_ORDER);
      interfaces = [];
    }
    const type = reader.u32(at);
    const length = reader.u32(at + 4);
    if (length < 12 || length % 4 !== 0 || length > bytes.length - at) return;
    if (type === BLOCK_INTERFACE) interfaces.push(readInterface(reader, at, length));
    else if (type === BLOCK_PACKET) readEnhanced(reader, at, length, interfaces, found);
    else if (type === BLOCK_SIMPLE && interfaces.length > 0) {
      const end = at + Math.min(length - 4, 12 + reader.u32(at + 8));
      addPacket(bytes, at + 12, end, interfaces[0]!.link, 0, 0, found);
    }
    at += length;
  }
}

function readInterface(reader: Reader, at: number, length: number): Interface {
  let units = 1e6;
  let option = at + 16;
  while (option + 4 <= at + length - 4) {
    const code = reader.u16(option);
    const size = reader.u16(option + 2);
    if (code === 0) break;
    if (code === OPTION_TSRESOL && size >= 1) {
      const exponent = reader.u8(option + 4);
      units = (exponent & 0x80) !== 0 ? 2 ** (exponent & 0x7f) : 10 ** exponent;
    }
    option += 4 + ((size + 3) & ~3);
  }
  return { link: reader.u16(at + 8), units };
}

function readEnhanced(
  reader: Reader,
  at: number,
  length: number,
  interfaces: Interface[],
  found: CapturedDatagram[],
): void {
  const from = interfaces[reader.u32(at + 8)];
  const captured = reader.u32(at + 20);
  if (from === undefined || captured > length - 32) return;
  // Exact to about a microsecond with stamps in nanoseconds (2^53): enough to sort and to show.
  const stamp = reader.u32(at + 12) * 4294967296 + reader.u32(at + 16);
  const seconds = Math.floor(stamp / from.units);
  const nanoseconds = Math.floor(((stamp - seconds * from.units) * 1e9) / from.units);
  addPacket(reader.bytes, at + 28, at + 28 + captured, from.link, seconds, nanoseconds, found);
}

/** Where the IPv4 header of a packet starts, or -1. */
function ipv4Start(net: Reader, start: number, link: number): number {
  if (link === LINK_RAW || link === LINK_IPV4) return start;
  if (link === LINK_NULL || link === LINK_LOOP) return start + 4;
  if (link === LINK_COOKED) return net.u16(start + 14) === ETHERTYPE_IPV4 ? start + 16 : -1;
  if (link === LINK_COOKED2) return net.u16(start) === ETHERTYPE_IPV4 ? start + 20 : -1;
  if (link !== LINK_ETHERNET) return -1;
  let at = start + 12;
  while (net.u16(at) === ETHERTYPE_VLAN || net.u16(at) === ETHERTYPE_QINQ) at += 4;
  return net.u16(at) === ETHERTYPE_IPV4 ? at + 2 : -1;
}

function addPacket(
  bytes: Uint8Array,
  start: number,
  end: number,
  link: number,
  seconds: number,
  nanoseconds: number,
  found: CapturedDatagram[],
): void {
  const net = new Reader(bytes, false);
  const ip = ipv4Start(net, start, link);
  if (ip < 0 || ip + 20 > end || net.u8(ip) >> 4 !== 4 || net.u8(ip + 9) !== PROTOCOL_UDP) return;
  // Fragments cannot be opened one by one.
  if ((net.u16(ip + 6) & 0x3fff) !== 0) return;
  const udp = ip + (net.u8(ip) & 15) * 4;
  if (udp + UDP_HEADER > end) return;
  const offset = udp + UDP_HEADER;
  const length = Math.min(net.u16(udp + 4) - UDP_HEADER, end - offset);
  if (length >= 0) found.push({ offset, length, seconds, nanoseconds });
}
