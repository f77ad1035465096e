// Inner prefixes, config.md §4: A.B.C.D/P with the host bits kept as written. The one file in core that knows how wide an inner
// address is; the others hand a Cidr on, and to the engine the offset of a PREFIX_* record.

import { PREFIX_ADDRESS, PREFIX_BITS } from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";
import { parseDecimal } from "./decimal.ts";

export interface Cidr {
  /** Address as a number: a<<24 | b<<16 | c<<8 | d, unsigned, host bits kept. */
  readonly address: number;
  /** Prefix length, 0 … 32. */
  readonly bits: number;
}

const ADDRESS_BITS = 32;
/** How a prefix is written, for messages. */
export const CIDR_FORM = "A.B.C.D/P";

/** Everything: the source of every generated rule and the default allowed_src. */
export const ANY: Cidr = { address: 0, bits: 0 };

/** Parses A.B.C.D in text[0 … end). The unsigned address, or -1. */
export function parseAddress(text: string, end: number): number {
  let address = 0;
  let start = 0;
  for (let octet = 0; octet < 4; octet++) {
    const stop = octet < 3 ? text.indexOf(".", start) : end;
    if (stop < 0 || stop > end) return -1;
    const value = parseDecimal(text, start, stop, 255);
    if (value < 0) return -1;
    address = address * 256 + value;
    start = stop + 1;
  }
  return address;
}

/** Parses A.B.C.D/P, or null when the text is anything else. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const address = parseAddress(text, slash);
  const bits = parseDecimal(text, slash + 1, text.length, ADDRESS_BITS);
  return address < 0 || bits < 0 ? null : { address, bits };
}

/** Parses A.B.C.D as the prefix of that address alone, or null when the text is anything else. */
export function parseHost(text: string): Cidr | null {
  const address = parseAddress(text, text.length);
  return address < 0 ? null : { address, bits: ADDRESS_BITS };
}

/** The netmask of a prefix length as an unsigned number. */
function netmask(bits: number): number {
  return bits === 0 ? 0 : (-1 << (ADDRESS_BITS - bits)) >>> 0;
}

/** True for the prefix of all addresses. */
export function coversEverything(cidr: Cidr): boolean {
  return cidr.bits === 0;
}

/** The prefix of an address alone. */
export function hostPrefix(cidr: Cidr): Cidr {
  return { address: cidr.address, bits: ADDRESS_BITS };
}

/** First and last address that a host of the network may have: not the network's own, not the broadcast address. */
export function hostRange(cidr: Cidr): { readonly first: number; readonly last: number } {
  const { address } = networkOf(cidr);
  return { first: address + 1, last: address + 2 ** (ADDRESS_BITS - cidr.bits) - 2 };
}

/** True when the address is part of the prefix. */
export function contains(cidr: Cidr, address: number): boolean {
  return overlaps(cidr, { address, bits: ADDRESS_BITS });
}

/** Order of networks, those that hold others before them: negative, 0 or positive. Host bits are cleared (networkOf). */
export function compareNetworks(a: Cidr, b: Cidr): number {
  return a.address - b.address || a.bits - b.bits;
}

/** The prefix with its host bits cleared. */
export function networkOf(cidr: Cidr): Cidr {
  return { address: (cidr.address & netmask(cidr.bits)) >>> 0, bits: cidr.bits };
}

/** True when the two agree under the shorter of their masks, config.md §5. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  const mask = netmask(a.bits < b.bits ? a.bits : b.bits);
  return ((a.address ^ b.address) & mask) === 0;
}

/** True when every address of `inner` is one of `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return outer.bits <= inner.bits && overlaps(outer, inner);
}

/** True when a bit behind the prefix's length is set. */
export function hasHostBits(cidr: Cidr): boolean {
  return (cidr.address & ~netmask(cidr.bits)) !== 0;
}

/** True for a prefix of one address. */
export function isOneAddress(cidr: Cidr): boolean {
  return cidr.bits === ADDRESS_BITS;
}

/** A.B.C.D of an unsigned address. */
export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The address of a prefix without its length. */
export function formatHost(cidr: Cidr): string {
  return formatAddress(cidr.address);
}

/** The prefix of an address alone, as text. */
export function formatHostPrefix(address: number): string {
  return formatCidr({ address, bits: ADDRESS_BITS });
}

/** An address with the prefix length of its network, as text. */
export function formatInNetwork(address: number, network: Cidr): string {
  return formatCidr({ address, bits: network.bits });
}

/** Each as A.B.C.D/P. */
export function formatCidrs(list: readonly Cidr[]): string[] {
  const texts: string[] = [];
  for (let i = 0; i < list.length; i++) texts.push(formatCidr(list[i]!));
  return texts;
}

/** A.B.C.D/P with the host bits as entered. */
export function formatCidr(cidr: Cidr): string {
  const { address, bits } = cidr;
  const low = `${address & 255}`;
  // In one step: Duktape hashes and stores the result of every addition.
  return `${address >>> 24}`.concat(
    ".",
    `${(address >>> 16) & 255}`,
    ".",
    `${(address >>> 8) & 255}`,
    ".",
    low,
    "/",
    `${bits}`,
  );
}

/** Writes a PREFIX_* record to `offset`. */
export function writePrefix(engine: Engine, offset: number, cidr: Cidr): void {
  engine.u32[(offset + PREFIX_ADDRESS) >> 2] = cidr.address;
  engine.u32[(offset + PREFIX_BITS) >> 2] = cidr.bits;
}

/** Reads the PREFIX_* record at `offset`. */
export function readPrefix(engine: Engine, offset: number): Cidr {
  const { u32 } = engine;
  return { address: u32[(offset + PREFIX_ADDRESS) >> 2]!, bits: u32[(offset + PREFIX_BITS) >> 2]! };
}
