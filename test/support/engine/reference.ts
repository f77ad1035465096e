// The oracle: wire-protocol.md §8–§11 and §14 written plainly, one packet at a time, with big integers and sets.
// Where the engine is clever (indexes, bitmaps, batches, midstates), this is not.

import * as abi from "../../../src/engine/abi.ts";
import {
  decodeHeader,
  headerPad,
  linkKey,
  maskDatagram,
  openBody,
  sealDatagram,
  sessionKey,
} from "./reference-crypto.ts";

const MAX_U64 = 2n ** 64n - 1n;
const MAX_DATAGRAM = 2048;
const MAX_PLAINTEXT = 1452;
const SCAN_BUDGET = 8;
/** The bucket of trials that all sockets share: what it gains in a second and what it holds. */
const TRIALS_PER_SECOND = 200_000n;
const TRIAL_BURST = 65_536n;
const OWN_TRIALS = 8;
const NS_PER_S = 1_000_000_000n;

/** IPv4 address as a number (a<<24 | …, unsigned) and a port. */
export interface Endpoint {
  address: number;
  port: number;
}

export interface PeerSettings {
  id: number;
  psk: Uint8Array;
  endpoint: Endpoint;
  allowed: number;
  allowedBits: number;
  /** What else it may send from. */
  others?: readonly { address: number; bits: number }[];
}

export interface Rule {
  dst: number;
  dstBits: number;
  action: number;
  target: number;
}

export interface NodeSettings {
  localId: number;
  obfuscate: boolean;
  /** Boot epoch in ns. */
  epoch: bigint;
}

/** What a node gives to the system: a datagram or an inner packet. */
export interface Emission {
  to: "udp" | "tun";
  bytes: Uint8Array;
  endpoint: Endpoint | null;
  socket: number;
}

/** Decides whether the system takes an emission. */
export type Accepts = (emission: Emission) => boolean;

/** What is counted for one peer, control-protocol.md §12. */
export interface Traffic {
  rxPackets: bigint;
  rxBytes: bigint;
  txPackets: bigint;
  txBytes: bigint;
  lost: bigint;
  drops: bigint;
}

/** Every number accepted in one epoch, and the first of them above 0. */
export class Heard {
  private readonly numbers = new Set<bigint>();
  private first: bigint | null = null;
  private highest = 0n;

  add(seq: bigint): void {
    this.numbers.add(seq);
    if (this.first === null && seq > 0n) this.first = seq;
    if (seq > this.highest) this.highest = seq;
  }

  /** Numbers from the first on that were never accepted and cannot be any more: a window or more behind the highest. */
  lost(window = 64n): bigint {
    const end = this.highest - window;
    const { first } = this;
    if (first === null || end < first) return 0n;
    const known = [...this.numbers].filter((seq) => seq >= first && seq <= end).length;
    return end - first + 1n - BigInt(known);
  }
}

interface Peer extends PeerSettings {
  socket: number;
  lastSeen: bigint;
  epoch: bigint;
  rxLink: Uint8Array;
  rxKey: Uint8Array;
  txLink: Uint8Array;
  txKey: Uint8Array;
  /** Datagrams from the endpoint that no key opened. */
  unclaimed: bigint;
  traffic: Omit<Traffic, "lost">;
  /** Lost in earlier epochs. */
  lostBefore: bigint;
  heard: Heard;
  /** Last sequence number used. */
  sequence: bigint;
  highest: bigint;
  accepted: Set<bigint>;
}

function contains(prefix: number, bits: number, address: number): boolean {
  const size = 2 ** (32 - bits);
  return Math.floor(prefix / size) === Math.floor(address / size);
}

/** Policy lookup as policy.md states it: a linear scan in which a later rule must be strictly longer to win. */
export function scanPolicy(rules: readonly Rule[], destination: number): number {
  let best = -1;
  rules.forEach((rule, index) => {
    if (!contains(rule.dst, rule.dstBits, destination)) return;
    if (best < 0 || rule.dstBits > rules[best]!.dstBits) best = index;
  });
  return best;
}

/** Replay rule of §14 with a set instead of a bitmap. */
function isNowhere(endpoint: Endpoint): boolean {
  return endpoint.address === 0 && endpoint.port === 0;
}

export function acceptSequence(
  state: { highest: bigint; accepted: Set<bigint> },
  seq: bigint,
  window = 64n,
): boolean {
  if (state.accepted.has(seq) || state.highest - seq >= window) return false;
  state.accepted.add(seq);
  if (seq > state.highest) {
    state.highest = seq;
    for (const old of state.accepted) if (seq - old >= window) state.accepted.delete(old);
  }
  return true;
}

export function wellFormedIpv4(packet: Uint8Array): boolean {
  if (packet.length < 20) return false;
  const ihl = packet[0]! % 16;
  return Math.floor(packet[0]! / 16) === 4 && ihl >= 5 && packet.length >= 4 * ihl;
}

function addressAt(packet: Uint8Array, offset: number): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(offset);
}

export class ReferenceNode {
  readonly counters: bigint[] = new Array<bigint>(abi.COUNTER_COUNT).fill(0n);
  readonly peers: Peer[] = [];
  readonly rules: Rule[] = [];
  /** Everything the system took, in order, since the caller last emptied it. */
  emitted: Emission[] = [];
  scansLeft = SCAN_BUDGET;
  wall = 0n;
  monotonic = 0n;
  /** Trials left in the bucket, times NS_PER_S; and when it was filled up last. */
  private trials = TRIAL_BURST * NS_PER_S;
  private filledAt = 0n;
  /** What the scan for the datagram in hand has cost. */
  private paid = 0n;
  /** Sockets that were turned away since their last scan, and every socket's last scan by number. */
  private readonly waiting = new Set<number>();
  private readonly granted = new Map<number, number>();
  private grants = 0;
  accepts: Accepts = () => true;
  private readonly settings: NodeSettings;

  constructor(settings: NodeSettings) {
    this.settings = settings;
  }

  addPeer(peer: PeerSettings): void {
    const { localId, epoch } = this.settings;
    const txLink = linkKey(peer.psk, localId, peer.id);
    this.peers.push({
      ...peer,
      socket: 0,
      lastSeen: 0n,
      epoch: 0n,
      rxLink: linkKey(peer.psk, peer.id, localId),
      rxKey: new Uint8Array(32),
      txLink,
      txKey: sessionKey(txLink, epoch),
      sequence: 0n,
      unclaimed: 0n,
      traffic: { rxPackets: 0n, rxBytes: 0n, txPackets: 0n, txBytes: 0n, drops: 0n },
      lostBefore: 0n,
      heard: new Heard(),
      highest: 0n,
      accepted: new Set(),
    });
  }

  beginDrain(): void {
    this.scansLeft = SCAN_BUDGET;
    const passed = this.monotonic - this.filledAt;
    this.filledAt = this.monotonic;
    if (passed > 0n) this.fill(passed * TRIALS_PER_SECOND);
  }

  private fill(by: bigint): void {
    this.trials += by;
    if (this.trials > TRIAL_BURST * NS_PER_S) this.trials = TRIAL_BURST * NS_PER_S;
  }

  /** Whether a datagram of a socket may be tried on `trials` peers; a socket whose turn it is not leaves one scan over. */
  private grant(socket: number, trials: number): boolean {
    if (this.scansLeft === 0) return false;
    const price = BigInt(trials) * NS_PER_S;
    const last = (of: number): number => this.granted.get(of) ?? 0;
    const othersFirst = [...this.waiting].some((other) => other !== socket && last(other) < last(socket));
    if (this.trials < price * (othersFirst ? 2n : 1n)) {
      this.waiting.add(socket);
      return false;
    }
    this.waiting.delete(socket);
    this.granted.set(socket, ++this.grants);
    this.scansLeft--;
    return true;
  }

  /** §9 for one datagram. */
  receive(whole: Uint8Array, source: Endpoint, socket: number): void {
    this.bump(abi.COUNTER_UDP_RX_PACKETS);
    this.bump(abi.COUNTER_UDP_RX_BYTES, whole.length);
    this.bump(this.receiveOutcome(whole.slice(0, MAX_DATAGRAM), source, socket));
  }

  /** §8 for one packet. */
  send(packet: Uint8Array): void {
    this.bump(abi.COUNTER_TUN_RX_PACKETS);
    this.bump(abi.COUNTER_TUN_RX_BYTES, packet.length);
    this.bump(this.sendOutcome(packet));
  }

  /** §6: one keepalive to a peer. */
  keepalive(peer: Peer): void {
    if (this.transmit(peer, 1, new Uint8Array(0)) !== 0) this.bump(abi.COUNTER_KEEPALIVE_TX);
  }

  /** Steps 1–9: the one counter that tells what became of the datagram. */
  private receiveOutcome(received: Uint8Array, source: Endpoint, socket: number): number {
    const selected = this.settings.obfuscate
      ? this.selectObfuscated(received, source, socket)
      : this.selectPlain(received);
    if (typeof selected === "number") return selected;
    const { peer, datagram } = selected;
    const plaintext = this.authenticate(peer, datagram, source);
    if (plaintext === null) return abi.COUNTER_DROP_UDP_AUTH_OR_INVALID;
    peer.socket = socket;
    if (decodeHeader(datagram).flags === 1) {
      this.learn(peer, source);
      return abi.COUNTER_KEEPALIVE_RX;
    }
    if (!wellFormedIpv4(plaintext)) return this.drop(peer, abi.COUNTER_DROP_UDP_NOT_IPV4);
    const inside = addressAt(plaintext, 12);
    const others = peer.others ?? [];
    if (
      !contains(peer.allowed, peer.allowedBits, inside) &&
      !others.some(({ address, bits }) => contains(address, bits, inside))
    )
      return this.drop(peer, abi.COUNTER_DROP_UDP_SPOOF);
    this.learn(peer, source);
    return this.route(peer, plaintext);
  }

  /** The table of §8: the one counter that tells what became of the packet. */
  private sendOutcome(packet: Uint8Array): number {
    if (!wellFormedIpv4(packet)) return abi.COUNTER_DROP_TUN_NOT_IPV4;
    const rule = this.rules[scanPolicy(this.rules, addressAt(packet, 16))];
    if (rule === undefined) return abi.COUNTER_DROP_TUN_NO_ROUTE;
    if (rule.action === abi.ACTION_DROP) return abi.COUNTER_DROP_TUN_DROP_RULE;
    if (rule.target === 0) return abi.COUNTER_DROP_TUN_LOCAL_LOOP;
    const peer = this.peers.find((candidate) => candidate.id === rule.target);
    if (peer === undefined) return abi.COUNTER_DROP_TUN_UNKNOWN_TARGET;
    if (isNowhere(peer.endpoint)) return abi.COUNTER_DROP_TUN_UNKNOWN_ENDPOINT;
    if (packet.length > MAX_PLAINTEXT) return this.drop(peer, abi.COUNTER_DROP_TUN_OVERSIZED);
    const size = this.transmit(peer, 0, packet);
    if (size === 0) return abi.COUNTER_DROP_TUN_SEND_ERR;
    this.bump(abi.COUNTER_UDP_TX_BYTES, size);
    return abi.COUNTER_UDP_TX_PACKETS;
  }

  /** Counts a packet from or for a peer that goes no further. */
  private drop(peer: Peer, counter: number): number {
    peer.traffic.drops++;
    return counter;
  }

  private bump(counter: number, by = 1): void {
    this.counters[counter]! += BigInt(by);
  }

  /** §9 step 1 in plain mode: the peer, or the counter of the drop. */
  private selectPlain(datagram: Uint8Array): { peer: Peer; datagram: Uint8Array } | number {
    if (datagram.length < 20) return abi.COUNTER_DROP_UDP_AUTH_OR_INVALID;
    const peer = this.peers.find((candidate) => candidate.id === decodeHeader(datagram).keyId);
    return peer === undefined ? abi.COUNTER_DROP_UDP_UNKNOWN_PEER : { peer, datagram };
  }

  /** §10: the first peers at the source's endpoint are tried for nothing, then the rest in a metered scan. */
  private selectObfuscated(
    datagram: Uint8Array,
    source: Endpoint,
    socket: number,
  ): { peer: Peer; datagram: Uint8Array } | number {
    if (datagram.length < 36) return abi.COUNTER_DROP_UDP_AUTH_OR_INVALID;
    const tag = datagram.subarray(datagram.length - 16);
    const claims = (peer: Peer): boolean => {
      const pad = headerPad(peer.rxLink, tag);
      const keyId = (datagram[2]! ^ pad[2]!) + 256 * (datagram[3]! ^ pad[3]!);
      return (datagram[0]! ^ pad[0]!) === 1 && keyId === peer.id;
    };
    const near = (peer: Peer): boolean =>
      peer.endpoint.address === source.address && peer.endpoint.port === source.port;
    this.paid = 0n;
    const own = this.peers.filter(near).slice(0, OWN_TRIALS);
    let peer = own.find(claims);
    if (peer === undefined) {
      const others = this.peers.filter((candidate) => !own.includes(candidate));
      if (!this.grant(socket, others.length)) {
        for (const one of own) one.unclaimed++;
        return abi.COUNTER_DROP_UDP_SCAN_BUDGET;
      }
      const position = others.findIndex(claims);
      this.paid = BigInt(position < 0 ? others.length : position + 1) * NS_PER_S;
      this.trials -= this.paid;
      peer = others[position];
    }
    if (peer === undefined) {
      for (const one of own) one.unclaimed++;
      return abi.COUNTER_DROP_UDP_UNKNOWN_PEER;
    }
    return { peer, datagram: maskDatagram(peer.rxLink, datagram) };
  }

  /** §9 steps 2–6: the plaintext of an authentic, fresh datagram, else null. */
  private authenticate(peer: Peer, datagram: Uint8Array, source: Endpoint): Uint8Array | null {
    const header = decodeHeader(datagram);
    if (header.version !== 1 || header.flags > 1 || header.epoch === 0n) return null;
    if (header.epoch < peer.epoch || datagram.length < 36) return null;
    const key = header.epoch === peer.epoch ? peer.rxKey : sessionKey(peer.rxLink, header.epoch);
    const plaintext = openBody(key, header.seq, datagram.subarray(20));
    if (plaintext === null) {
      const { address, port } = peer.endpoint;
      if (address === source.address && port === source.port) peer.unclaimed++;
      return null;
    }
    if (header.epoch > peer.epoch) {
      peer.lostBefore += peer.heard.lost();
      peer.heard = new Heard();
      peer.epoch = header.epoch;
      peer.rxKey = key;
      peer.highest = 0n;
      peer.accepted = new Set();
    }
    if (!acceptSequence(peer, header.seq)) {
      peer.traffic.drops++;
      return null;
    }
    peer.heard.add(header.seq);
    peer.traffic.rxPackets++;
    peer.traffic.rxBytes += BigInt(datagram.length);
    return plaintext;
  }

  private learn(peer: Peer, source: Endpoint): void {
    // The first time a peer is heard costs nothing.
    if (peer.lastSeen === 0n) this.fill(this.paid);
    peer.lastSeen = this.wall;
    if (peer.endpoint.address === source.address && peer.endpoint.port === source.port) return;
    peer.endpoint = { ...source };
    this.bump(abi.COUNTER_UDP_ENDPOINT_LEARNED);
  }

  /** §9 step 9. */
  private route(from: Peer, packet: Uint8Array): number {
    const rule = this.rules[scanPolicy(this.rules, addressAt(packet, 16))];
    if (rule === undefined) return this.drop(from, abi.COUNTER_DROP_UDP_NO_ROUTE);
    if (rule.action === abi.ACTION_DROP) return this.drop(from, abi.COUNTER_DROP_UDP_DROP_RULE);
    if (rule.target === 0) return this.deliver(packet);
    const peer = this.peers.find((candidate) => candidate.id === rule.target);
    if (peer === undefined) return this.drop(from, abi.COUNTER_DROP_UDP_UNKNOWN_TARGET);
    if (peer === from) return this.drop(from, abi.COUNTER_DROP_UDP_NO_REFLECT);
    if (isNowhere(peer.endpoint)) return this.drop(from, abi.COUNTER_DROP_UDP_UNKNOWN_ENDPOINT);
    if (packet.length > MAX_PLAINTEXT) return this.drop(from, abi.COUNTER_DROP_UDP_OVERSIZED);
    const size = this.transmit(peer, 0, packet);
    if (size === 0) return abi.COUNTER_DROP_UDP_SEND_ERR;
    this.bump(abi.COUNTER_RELAY_BYTES, size);
    return abi.COUNTER_RELAY_PACKETS;
  }

  private deliver(packet: Uint8Array): number {
    const emission: Emission = { to: "tun", bytes: packet, endpoint: null, socket: 0 };
    if (!this.accepts(emission)) return abi.COUNTER_DROP_UDP_SEND_ERR;
    this.emitted.push(emission);
    this.bump(abi.COUNTER_TUN_TX_BYTES, packet.length);
    return abi.COUNTER_TUN_TX_PACKETS;
  }

  /** Seals and sends. The datagram's length, or 0 when nothing left the node. */
  private transmit(peer: Peer, flags: number, plaintext: Uint8Array): number {
    if (peer.sequence === MAX_U64) return this.drop(peer, 0);
    peer.sequence += 1n;
    const { localId: keyId, epoch } = this.settings;
    const plain = sealDatagram(
      peer.txKey,
      { version: 1, flags, keyId, epoch, seq: peer.sequence },
      plaintext,
    );
    const bytes = this.settings.obfuscate ? maskDatagram(peer.txLink, plain) : plain;
    const emission: Emission = { to: "udp", bytes, endpoint: { ...peer.endpoint }, socket: peer.socket };
    if (!this.accepts(emission)) return this.drop(peer, 0);
    this.emitted.push(emission);
    peer.traffic.txPackets++;
    peer.traffic.txBytes += BigInt(bytes.length);
    return bytes.length;
  }
}
