// A virtual IPv4 network that carries UDP: hosts with addresses, perhaps behind a NAT, and paths that lose, delay,
// reorder, duplicate and corrupt.

import { EACCES, EMSGSIZE } from "../../core/sys.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Endpoint, Nat } from "./nat.ts";
import type { Prng } from "./prng.ts";

const ENETUNREACH = 101;
const BROADCAST = 0xffffffff;
const MAX_UDP_PAYLOAD = 65507;
/** Datagrams a socket holds before it drops, about Linux's default buffer. */
const SOCKET_CAPACITY = 256;

/** What a path does to datagrams. Probabilities are 0 … 1, times are in ns. */
export interface Conditions {
  readonly loss: number;
  readonly duplicate: number;
  /** Probability that one bit of a datagram is flipped. */
  readonly corrupt: number;
  readonly delay: number;
  /** Upper bound of an additional random delay: reorders what follows closer. */
  readonly jitter: number;
}

export const PERFECT: Conditions = { loss: 0, duplicate: 0, corrupt: 0, delay: 1_000_000, jitter: 0 };

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly source: Endpoint;
}

export interface UdpSocket {
  readonly port: number;
  readonly queue: Datagram[];
  /** Datagrams that found the queue full. */
  dropped: number;
}

/** Anything that is addressed: two of them can be cut off from each other. */
export type Station = NetworkHost | Nat;

/** Sees every datagram a host puts on the wire, before the network does anything to it. */
export type Wiretap = (bytes: Uint8Array, from: NetworkHost, destination: Endpoint) => void;

export class NetworkHost {
  readonly name: string;
  readonly sockets = new Map<number, UdpSocket>();
  readonly nat: Nat | null;
  /** The first is the source of what the host sends. Empty: no network. */
  addresses: readonly number[];
  /** Called when a datagram has been queued. */
  onReadable: () => void = () => {};

  constructor(name: string, addresses: readonly number[], nat: Nat | null) {
    this.name = name;
    this.addresses = addresses;
    this.nat = nat;
  }

  /** What the rest of the network sees of this host. */
  get station(): Station {
    return this.nat ?? this;
  }
}

export class Network {
  /** Conditions of every path without its own. */
  conditions = PERFECT;
  readonly wiretaps: Wiretap[] = [];
  private readonly events: EventQueue;
  private readonly random: Prng;
  private readonly hosts: NetworkHost[] = [];
  private readonly paths = new Map<Station, Map<Station, Conditions>>();
  /** Public addresses by owner, rebuilt when addresses change. */
  private owners: Map<number, Station> | null = null;

  constructor(events: EventQueue, random: Prng) {
    this.events = events;
    this.random = random;
  }

  addHost(name: string, addresses: readonly number[], nat: Nat | null = null): NetworkHost {
    const host = new NetworkHost(name, addresses, nat);
    this.hosts.push(host);
    this.owners = null;
    return host;
  }

  /** Gives a host (or its NAT) other addresses: it roams. */
  readdress(station: Station, addresses: readonly number[]): void {
    if (station instanceof NetworkHost) station.addresses = addresses;
    else station.address = addresses[0]!;
    this.owners = null;
  }

  /** Conditions from one station to another, in this direction only; null: the default again. */
  setPath(from: Station, to: Station, conditions: Conditions | null): void {
    const paths = this.paths.get(from) ?? new Map<Station, Conditions>();
    this.paths.set(from, paths);
    if (conditions === null) paths.delete(to);
    else paths.set(to, conditions);
  }

  /** Cuts two stations off from each other, in both directions. */
  partition(a: Station, b: Station): void {
    const cut = { ...this.conditions, loss: 1 };
    this.setPath(a, b, cut);
    this.setPath(b, a, cut);
  }

  heal(a: Station, b: Station): void {
    this.setPath(a, b, null);
    this.setPath(b, a, null);
  }

  /** Puts a datagram on the wire. 0, or the errno with which a kernel would refuse it. */
  send(host: NetworkHost, port: number, destination: Endpoint, bytes: Uint8Array): number {
    const address = host.addresses[0];
    if (address === undefined) return ENETUNREACH;
    // Linux refuses broadcasts to sockets that did not ask for them.
    if (destination.address >>> 0 === BROADCAST) return EACCES;
    if (bytes.length > MAX_UDP_PAYLOAD) return EMSGSIZE;
    for (const wiretap of this.wiretaps) wiretap(bytes, host, destination);
    const inside = { address, port };
    const source = host.nat === null ? inside : host.nat.outbound(inside, destination, this.events.now);
    this.carry(host.station, source, destination, bytes);
    return 0;
  }

  /** Sends from anywhere under any source: what an attacker off the path can do. */
  inject(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    this.events.after(this.conditions.delay, () => this.arrive(source, destination, bytes));
  }

  private carry(from: Station, source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    const to = this.ownerOf(destination.address);
    const own = to === undefined ? undefined : this.paths.get(from)?.get(to);
    const { loss, duplicate, corrupt, delay, jitter } = own ?? this.conditions;
    const { random } = this;
    const copies = random.chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (random.chance(loss)) continue;
      const arriving = random.chance(corrupt) ? this.flipBit(bytes) : bytes;
      const wait = delay + (jitter > 0 ? random.below(jitter) : 0);
      this.events.after(wait, () => this.arrive(source, destination, arriving));
    }
  }

  private flipBit(bytes: Uint8Array): Uint8Array {
    const out = bytes.slice();
    if (out.length > 0) out[this.random.below(out.length)]! ^= 1 << this.random.below(8);
    return out;
  }

  private arrive(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    const station = this.ownerOf(destination.address);
    if (station === undefined) return;
    const [host, port] =
      station instanceof NetworkHost
        ? [station, destination.port]
        : this.behindNat(station, source, destination);
    const socket = host?.sockets.get(port);
    if (host === undefined || socket === undefined) return;
    if (socket.queue.length >= SOCKET_CAPACITY) {
      socket.dropped++;
      return;
    }
    socket.queue.push({ bytes, source });
    host.onReadable();
  }

  private behindNat(nat: Nat, source: Endpoint, destination: Endpoint): [NetworkHost | undefined, number] {
    const inside = nat.inbound(destination.port, source, this.events.now);
    if (inside === null) return [undefined, 0];
    const host = this.hosts.find((one) => one.nat === nat && one.addresses.includes(inside.address));
    return [host, inside.port];
  }

  private ownerOf(address: number): Station | undefined {
    if (this.owners === null) {
      this.owners = new Map();
      for (const host of this.hosts) {
        if (host.nat !== null) this.owners.set(host.nat.address, host.nat);
        else for (const own of host.addresses) this.owners.set(own, host);
      }
    }
    return this.owners.get(address);
  }
}
