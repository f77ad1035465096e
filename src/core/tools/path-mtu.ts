// What mtu-probe sends, and how it searches (tools.md §7). A size is that of the whole IPv4 packet on the wire.

/** IPv4 and UDP header. */
export const IP_UDP = 28;
/** Shortest packet of a probe. */
export const SMALLEST = 44;
/** Largest packet of IPv4. */
export const LARGEST = 65535;

export const PROBE = 1;
export const ANSWER = 2;
const VERSION = 1;
const PROBE_LENGTH = 16;
export const ANSWER_LENGTH = 20;

/** "SMTU". */
const MAGIC = [0x53, 0x4d, 0x54, 0x55];
const TYPE = 4;
const VERSION_AT = 5;
const NONCE = 8;
const NUMBER = 12;
const RECEIVED = 16;

/** Fields of a message; `received` is what an answer says of the probe's length. */
export interface ProbeMessage {
  readonly type: number;
  readonly nonce: number;
  readonly number: number;
  readonly received: number;
}

function read32(u8: Uint8Array, at: number): number {
  return (u8[at]! | (u8[at + 1]! << 8) | (u8[at + 2]! << 16) | (u8[at + 3]! << 24)) >>> 0;
}

function write32(u8: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) u8[at + i] = value >>> (8 * i);
}

/** Writes the first bytes of a message to `at`: 20 of an answer, 16 of a probe (the filler behind them is arbitrary). */
export function writeMessage(u8: Uint8Array, at: number, message: ProbeMessage): void {
  for (let i = 0; i < MAGIC.length; i++) u8[at + i] = MAGIC[i]!;
  u8[at + TYPE] = message.type;
  u8[at + VERSION_AT] = VERSION;
  u8[at + 6] = 0;
  u8[at + 7] = 0;
  write32(u8, at + NONCE, message.nonce);
  write32(u8, at + NUMBER, message.number);
  if (message.type === ANSWER) write32(u8, at + RECEIVED, message.received);
}

/** The message of `length` bytes at `at`, or null when it is none. */
export function readMessage(u8: Uint8Array, at: number, length: number): ProbeMessage | null {
  if (length < PROBE_LENGTH) return null;
  for (let i = 0; i < MAGIC.length; i++) if (u8[at + i] !== MAGIC[i]) return null;
  const type = u8[at + TYPE]!;
  if ((type !== PROBE && type !== ANSWER) || u8[at + VERSION_AT] !== VERSION) return null;
  if (u8[at + 6] !== 0 || u8[at + 7] !== 0) return null;
  if (type === ANSWER && length < ANSWER_LENGTH) return null;
  return {
    type,
    nonce: read32(u8, at + NONCE),
    number: read32(u8, at + NUMBER),
    received: type === ANSWER ? read32(u8, at + RECEIVED) : 0,
  };
}

/**
 * The largest size of floor … ceil that passes, by halving; -1 when the floor does not.
 *
 * @param passes whether a packet of this size arrives; asked once per size
 */
export function searchPathMtu(floor: number, ceil: number, passes: (size: number) => boolean): number {
  if (!passes(floor)) return -1;
  let good = floor;
  let limit = ceil;
  while (good < limit) {
    const size = limit - Math.floor((limit - good) / 2);
    if (passes(size)) good = size;
    else limit = size - 1;
  }
  return good;
}

/** Bytes that Subnetra adds to an inner packet: IPv4, UDP, header and tag. */
export const OVERHEAD = 64;
const SMALLEST_TUN = 68;
const LARGEST_TUN = 1500;

/** The result's lines. */
export function describePathMtu(mtu: number, ceil: number): string {
  const inner = mtu - OVERHEAD;
  const advised = Math.max(SMALLEST_TUN, Math.min(LARGEST_TUN, inner));
  let text =
    "mtu-probe: result\n" +
    `  underlay path MTU : ${mtu} bytes   (largest UDP payload that round-tripped: ${mtu - IP_UDP} + 28 IPv4/UDP)\n` +
    `  subnetra overhead : ${OVERHEAD} bytes\n` +
    `  recommended       : local_tun_mtu = ${advised}\n`;
  if (inner < SMALLEST_TUN)
    text += `  warning: ${inner} bytes are left for inner packets; IPv4 needs ${SMALLEST_TUN}.\n`;
  if (mtu === ceil)
    text += `  note: every probe up to --ceil (${ceil}) succeeded; the true path MTU may be higher.\n`;
  return text;
}
