// Opening captured datagrams with given keys, plain or obfuscated (wire-protocol.md §5, §7).

import { HEADER_LENGTH, KEY_LENGTH, MAX_DATAGRAM, REGION_SCRATCH, TAG_LENGTH } from "../../engine/abi.ts";
import type { Host } from "../host.ts";
import { formatU64, wipe } from "../memory.ts";
import { fromHex } from "./hex.ts";

export const MAX_KEYS = 16;
export const SMALLEST_DATAGRAM = HEADER_LENGTH + TAG_LENGTH;

/** Places behind the start of the scratch. The first bytes are left to formatU64 and to key files. */
const PSK = 512;
const SESSION = 544;
const EPOCH = 576;
const LINKS = 1024;
const DATAGRAM = 4096;
const END = DATAGRAM + MAX_DATAGRAM;

const EPOCH_AT = 4;
const SEQ_AT = 12;

interface Key {
  readonly from: number;
  /** Offset of the link key. */
  readonly link: number;
}

/** What is known of one datagram. */
export interface Decoded {
  /** "plain" or "obfuscated": how the header travelled; null when it is neither with these keys. */
  readonly form: "plain" | "obfuscated" | null;
  readonly version: number;
  readonly flags: number;
  readonly keyId: number;
  /** Decimal. */
  readonly epoch: string;
  readonly seq: string;
  /** True when some key has this sender. */
  readonly matched: boolean;
  /** Bytes of plaintext at `plaintext`, or -1 when no key authenticates the datagram. */
  readonly length: number;
}

export class Decoder {
  private readonly host: Host;
  private readonly base: number;
  private readonly keys: Key[] = [];

  constructor(host: Host) {
    this.host = host;
    this.base = host.engine.call.region(REGION_SCRATCH);
  }

  /** Where add expects a key's 32 bytes. */
  get keyRoom(): number {
    return this.base + PSK;
  }

  /** Where decode expects a datagram. */
  get datagram(): number {
    return this.base + DATAGRAM;
  }

  /** Where decode leaves the plaintext. */
  get plaintext(): number {
    return this.base + DATAGRAM + HEADER_LENGTH;
  }

  /** Adds the link from → to, whose pre-shared key stands at `keyRoom`; the key is wiped. */
  add(from: number, to: number): void {
    const { call, u8 } = this.host.engine;
    const link = this.base + LINKS + this.keys.length * KEY_LENGTH;
    call.deriveLinkKey(this.keyRoom, from, to, link);
    wipe(u8.subarray(this.keyRoom, this.keyRoom + KEY_LENGTH));
    this.keys.push({ from, link });
  }

  /** Adds a key written `from:to:<64 hex>`. False when it is not. */
  addText(text: string, number: (text: string) => number): boolean {
    const parts = text.split(":");
    if (parts.length !== 3 || this.keys.length >= MAX_KEYS) return false;
    const from = number(parts[0]!);
    const to = number(parts[1]!);
    if (from < 0 || to < 0) return false;
    if (fromHex(parts[2]!, this.host.engine.u8, this.keyRoom, KEY_LENGTH) !== KEY_LENGTH) return false;
    this.add(from, to);
    return true;
  }

  /**
   * Decodes the datagram of `length` bytes (36 … 2048) at `datagram`, in place: as plain when it looks so, else unmasked with
   * each key in turn. (Noise looks plain once in 32768 times, and unmasked once in 2^24: so what does not open is tried
   * on.)
   *
   * @param sender the sender to assume for a plain header, or -1 for the one it names
   */
  decode(length: number, sender = -1): Decoded {
    let closed: Decoded | null = null;
    if (this.looksPlain(length)) {
      const found = this.open(length, "plain", sender < 0 ? this.keyId() : sender);
      if (found.length >= 0) return found;
      closed = found;
    }
    for (let i = 0; i < this.keys.length; i++) {
      const { from, link } = this.keys[i]!;
      this.host.engine.call.maskHeader(link, this.datagram, length);
      if (this.u8(0) === 1 && this.keyId() === (from & 0xffff)) {
        const found = this.open(length, "obfuscated", from);
        if (found.length >= 0) return found;
        if (closed === null) closed = found;
      }
      this.host.engine.call.maskHeader(link, this.datagram, length);
    }
    return closed === null ? this.describe(null, false, -1) : closed;
  }

  /** Overwrites keys and plaintext. */
  wipe(): void {
    wipe(this.host.engine.u8.subarray(this.base, this.base + END));
    this.host.engine.call.wipe();
  }

  /** A header as the plain format has it: version 1, no unknown flag, an epoch that is not 0. */
  private looksPlain(length: number): boolean {
    if (length < SMALLEST_DATAGRAM || this.u8(0) !== 1 || this.u8(1) > 1) return false;
    for (let i = 0; i < 8; i++) if (this.u8(EPOCH_AT + i) !== 0) return true;
    return false;
  }

  private open(length: number, form: "plain" | "obfuscated", from: number): Decoded {
    const { call, u8 } = this.host.engine;
    const at = this.base;
    let matched = false;
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i]!;
      if (key.from !== from) continue;
      matched = true;
      for (let k = 0; k < 8; k++) u8[at + EPOCH + k] = this.u8(EPOCH_AT + k);
      call.deriveSessionKey(key.link, at + EPOCH, at + SESSION);
      const opened = call.openDatagram(at + SESSION, this.datagram, length);
      if (opened >= 0) return this.describe(form, true, opened);
    }
    return this.describe(form, matched, -1);
  }

  private describe(form: Decoded["form"], matched: boolean, length: number): Decoded {
    return {
      form,
      version: this.u8(0),
      flags: this.u8(1),
      keyId: this.keyId(),
      epoch: this.decimal(EPOCH_AT),
      seq: this.decimal(SEQ_AT),
      matched,
      length,
    };
  }

  private decimal(at: number): string {
    const { u8 } = this.host.engine;
    const place = this.base + EPOCH;
    for (let i = 0; i < 8; i++) u8[place + i] = this.u8(at + i);
    return formatU64(this.host.engine, place);
  }

  private keyId(): number {
    return this.u8(2) + this.u8(3) * 256;
  }

  private u8(at: number): number {
    return this.host.engine.u8[this.datagram + at]!;
  }
}

const TCP = 6;
const UDP = 17;

/** The inner packet in one line: `inner: IPv4 …`, or that it is none (a keepalive is not). */
export function innerLine(u8: Uint8Array, at: number, length: number): string {
  const header = length >= 20 ? (u8[at]! & 15) * 4 : 0;
  if (length < 20 || u8[at]! >> 4 !== 4 || header < 20 || header > length) return "inner: not an IPv4 packet";
  const protocol = u8[at + 9]!;
  const ports = (protocol === TCP || protocol === UDP) && length >= header + 4;
  const side = (address: number, port: number): string => {
    const text = `${u8[address]}.${u8[address + 1]}.${u8[address + 2]}.${u8[address + 3]}`;
    return ports ? `${text}:${u8[port]! * 256 + u8[port + 1]!}` : text;
  };
  const from = side(at + 12, at + header);
  const to = side(at + 16, at + header + 2);
  return `inner: IPv4 ${from} -> ${to} proto=${protocol} len=${length}`;
}
