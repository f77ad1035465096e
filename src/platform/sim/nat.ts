// A NAT box in the terms of RFC 4787: endpoint-independent mapping, address- and port-dependent filtering, mappings
// that time out without outbound traffic.

import type { Prng } from "./prng.ts";

const NS_PER_S = 1e9;
/** Common in home routers; RFC 4787 asks for two minutes. */
const DEFAULT_TIMEOUT = 30 * NS_PER_S;
const FIRST_PORT = 1024;
const PORTS = 65536 - FIRST_PORT;

/** IPv4 address as a number (a<<24 | …, unsigned) and a port. */
export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

interface Mapping {
  readonly inside: Endpoint;
  readonly outsidePort: number;
  /** Destinations spoken to, which may answer. */
  readonly allowed: Endpoint[];
  lastUsed: number;
}

export class Nat {
  /** The public address. */
  address: number;
  private readonly timeout: number;
  private readonly random: Prng;
  private mappings: Mapping[] = [];

  /** @param timeout ns without outbound traffic after which a mapping is forgotten */
  constructor(address: number, random: Prng, timeout = DEFAULT_TIMEOUT) {
    this.address = address;
    this.random = random;
    this.timeout = timeout;
  }

  /** The public source of a packet from inside. */
  outbound(inside: Endpoint, destination: Endpoint, now: number): Endpoint {
    this.expire(now);
    let mapping = this.mappings.find((candidate) => sameEndpoint(candidate.inside, inside));
    if (mapping === undefined) {
      mapping = { inside, outsidePort: this.freePort(), allowed: [], lastUsed: now };
      this.mappings.push(mapping);
    }
    mapping.lastUsed = now;
    if (!mapping.allowed.some((known) => sameEndpoint(known, destination))) mapping.allowed.push(destination);
    return { address: this.address, port: mapping.outsidePort };
  }

  /** Where inside a packet from outside goes, or null when nobody asked for it. */
  inbound(port: number, source: Endpoint, now: number): Endpoint | null {
    this.expire(now);
    const mapping = this.mappings.find((candidate) => candidate.outsidePort === port);
    if (mapping === undefined || !mapping.allowed.some((known) => sameEndpoint(known, source))) return null;
    return mapping.inside;
  }

  /** Forgets every mapping, as after a power cut; the next packet from inside gets a new port. */
  rebind(): void {
    this.mappings = [];
  }

  private expire(now: number): void {
    this.mappings = this.mappings.filter((mapping) => now - mapping.lastUsed < this.timeout);
  }

  private freePort(): number {
    for (;;) {
      const port = FIRST_PORT + this.random.below(PORTS);
      if (!this.mappings.some((mapping) => mapping.outsidePort === port)) return port;
    }
  }
}
