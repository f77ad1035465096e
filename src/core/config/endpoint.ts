// A peer's UDP endpoint, config.md §4: A.B.C.D:port.

import { formatAddress, parseAddress } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";

export interface Endpoint {
  /** Address as a number: a<<24 | b<<16 | c<<8 | d, unsigned. */
  readonly address: number;
  /** 1 … 65535. */
  readonly port: number;
}

/** Parses A.B.C.D:port, split at the last colon; null for anything else, port 0 included. */
export function parseEndpoint(text: string): Endpoint | null {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return null;
  const address = parseAddress(text, colon);
  const port = parseDecimal(text, colon + 1, text.length, 65535);
  return address < 0 || port < 1 ? null : { address, port };
}

/** A.B.C.D:port. */
export function formatEndpoint(address: number, port: number): string {
  return `${formatAddress(address)}:${port}`;
}
