// What the status replies show, read from engine memory. text.ts and json.ts give it its form.

import {
  CLOCK_MONOTONIC,
  COUNTER_COUNT,
  ONLINE_SECONDS,
  PEER_DROPS,
  PEER_ENDPOINT,
  PEER_ID,
  PEER_LAST_SEEN,
  PEER_LOST,
  PEER_RX_BYTES,
  PEER_RX_PACKETS,
  PEER_STRIDE,
  PEER_TX_BYTES,
  PEER_TX_PACKETS,
  PEER_UNCLAIMED,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_PEERS,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { formatCidr, formatCidrs } from "../cidr.ts";
import type { Role } from "../config/kinds.ts";
import { formatU64 } from "../memory.ts";
import { firstSource, otherSources } from "../peer-sources.ts";
import { formatSockaddr } from "../sockaddr.ts";

/** What a status shows besides the engine's figures. */
export interface NodeIdentity {
  readonly version: string;
  readonly localId: number;
  readonly role: Role;
  readonly obfuscate: boolean;
  /** Listen ports, the primary one first. */
  readonly ports: readonly number[];
  readonly tun: string;
  /** Peer names in configuration order, printable ASCII, "" when unset. */
  readonly names: string[];
  /** The same as fields of a line (fieldText), made once. */
  readonly labels: string[];
  /** Differs from one run of the daemon to the next; without spaces. */
  readonly run: string;
  /** monotonicSeconds() when the node was ready. */
  readonly startedAt: number;
  /** Sys.udpDrops, now. */
  readonly socketDrops: () => number;
  /** What the operator should know about this machine, one line each, now. */
  readonly warnings: () => readonly string[];
}

/** What this daemon answers beyond the original: a client looks here before it asks. */
export const FEATURES: readonly string[] = [
  "peer-endpoint",
  "policy-from",
  "status-from",
  "unclaimed",
  "policy-insert",
  "policy-del",
  "policy-replace",
  "policy-test",
  "traffic",
];

/** A status in parts, which together are the reply. */
export interface StatusForm {
  /** Everything before the first peer. */
  head(): string;
  peer(index: number): string;
  /** Everything behind the last peer. */
  tail(): string;
  /** The reply when no datagram holds the whole. */
  readonly refusal: string;
}

export function wholeStatus(form: StatusForm, peers: number): string {
  const parts = [form.head()];
  for (let i = 0; i < peers; i++) parts.push(form.peer(i));
  parts.push(form.tail());
  return parts.join("");
}

export interface PeerStatus {
  readonly id: number;
  readonly endpoint: string;
  /** The first of allowed_src, and the others. */
  readonly allowedSrc: string;
  readonly otherSrcs: readonly string[];
  /** Wall clock in ns, "0" = never. */
  readonly lastSeen: string;
  /** Datagrams from its address that no key opened. */
  readonly unclaimed: string;
}

/** Offset of a peer's record, for the functions below. */
export function peerRecord(engine: Engine, index: number): number {
  return engine.call.region(REGION_PEERS) + index * PEER_STRIDE;
}

/** @param at the peer's record */
export function readPeer(engine: Engine, index: number, at = peerRecord(engine, index)): PeerStatus {
  const { u8, u32 } = engine;
  return {
    id: u32[(at + PEER_ID) >> 2]!,
    endpoint: formatSockaddr(u8, at + PEER_ENDPOINT),
    allowedSrc: formatCidr(firstSource(engine, at)),
    otherSrcs: formatCidrs(otherSources(engine, index, at)),
    lastSeen: formatU64(engine, at + PEER_LAST_SEEN),
    unclaimed: formatU64(engine, at + PEER_UNCLAIMED),
  };
}

/** All of allowed_src with `separator` between. */
export function joinSources(peer: PeerStatus, separator: string): string {
  return peer.otherSrcs.length === 0
    ? peer.allowedSrc
    : [peer.allowedSrc].concat(peer.otherSrcs).join(separator);
}

/** How many peers are online. REGION_CLOCK holds the time. */
export function peersOnline(engine: Engine): number {
  const { call } = engine;
  let online = 0;
  for (let i = 0; i < call.peerCount(); i++) {
    const age = call.peerAge(i);
    if (age >= 0 && age <= ONLINE_SECONDS) online++;
  }
  return online;
}

/** What is counted for one peer (control-protocol.md §12), in decimal. */
export interface PeerTraffic {
  readonly rxPackets: string;
  readonly rxBytes: string;
  readonly txPackets: string;
  readonly txBytes: string;
  /** Sequence numbers of the peer that never arrived. */
  readonly lost: string;
  readonly drops: string;
}

export function readTraffic(engine: Engine, at: number): PeerTraffic {
  return {
    rxPackets: formatU64(engine, at + PEER_RX_PACKETS),
    rxBytes: formatU64(engine, at + PEER_RX_BYTES),
    txPackets: formatU64(engine, at + PEER_TX_PACKETS),
    txBytes: formatU64(engine, at + PEER_TX_BYTES),
    lost: formatU64(engine, at + PEER_LOST),
    drops: formatU64(engine, at + PEER_DROPS),
  };
}

/** Whole seconds since the node was ready. REGION_CLOCK is fresh. */
export function uptimeSeconds(engine: Engine, node: NodeIdentity): number {
  return (monotonicSeconds(engine) - node.startedAt) >>> 0;
}

/** Whole seconds of the monotonic clock by REGION_CLOCK, the lower 32 bits. */
export function monotonicSeconds(engine: Engine): number {
  return engine.u32[(engine.call.region(REGION_CLOCK) + CLOCK_MONOTONIC) >> 2]!;
}

/** All counters in decimal, in the order of COUNTER_*. */
export function readCounters(engine: Engine): string[] {
  const at = engine.call.region(REGION_COUNTERS);
  const values: string[] = [];
  for (let i = 0; i < COUNTER_COUNT; i++) values.push(formatU64(engine, at + i * 8));
  return values;
}
