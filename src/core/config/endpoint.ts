// A peer's UDP endpoint, config.md §4: A.B.C.D:port.

import { formatAddress, parseAddress } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";

export interface Endpoint {
  /** Address as a number: a<<24 | b<<16 | c<<8 | d, unsigned. */
  readonly address: number;
  /** 1 … 65535; 0 for UNKNOWN_ENDPOINT. */
  readonly port: number;
}

/** Where a peer is whose address is unknown until it is heard: `"endpoint": "dynamic"`. */
export const UNKNOWN_ENDPOINT: Endpoint = { address: 0, port: 0 };
/** How it is written. */
export const DYNAMIC = "dynamic";

export function isUnknown(endpoint: Endpoint): boolean {
  return endpoint.address === 0 && endpoint.port === 0;
}

/** Parses A.B.C.D:port, split at the last colon; null for anything else, port 0 included. */
export function parseEndpoint(text: string): Endpoint | null {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return null;
  const address = parseAddress(text, colon);
  const port = parseDecimal(text, colon + 1, text.length, 65535);
  return address < 0 || port < 1 ? null : { address, port };
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
const MAX_HOST = 253;
const MAX_LABEL = 63;

/** True for `name:port`: a DNS name of letters, digits and inner hyphens, not an address, and a port from 1 to 65535. */
export function isHostAndPort(text: string): boolean {
  const colon = text.lastIndexOf(":");
  if (colon < 1 || colon > MAX_HOST || parseDecimal(text, colon + 1, text.length, 65535) < 1) return false;
  const labels = text.substring(0, colon).split(".");
  // A dot at the end is the root's.
  if (labels.length > 1 && labels[labels.length - 1] === "") labels.pop();
  for (let i = 0; i < labels.length; i++) if (!isLabel(labels[i]!)) return false;
  // No top-level domain begins with a digit; addresses do.
  return LETTERS.indexOf(labels[labels.length - 1]!.charAt(0)) >= 0;
}

function isLabel(label: string): boolean {
  if (label.length < 1 || label.length > MAX_LABEL) return false;
  for (let i = 0; i < label.length; i++) {
    const c = label.charAt(i);
    const inner = i > 0 && i < label.length - 1;
    if ((LETTERS + DIGITS).indexOf(c) < 0 && !(inner && c === "-")) return false;
  }
  return true;
}

/** A.B.C.D:port. */
export function formatEndpoint(address: number, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
