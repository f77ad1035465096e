// What the values of a configuration mean together, config.md §5, in its order.

import { MAX_MESH_ID } from "../../engine/abi.ts";
import { type Cidr, compareNetworks, coversEverything, formatCidr, networkOf, overlaps } from "../cidr.ts";
import { subnetraError } from "../errors.ts";
import { MAX_MTU, MIN_MTU } from "../limits.ts";
import { isUnknown } from "./endpoint.ts";
import { checkPort, checkPortCount } from "./kinds.ts";
import type { Config } from "./values.ts";

/** @throws SubnetraError with the codes of config.md §5 */
export function checkSanity(config: Config): void {
  if (config.peers.length === 0) {
    throw subnetraError(
      "InvalidPsk",
      "peers",
      "no peer is configured",
      "add at least one peer; without --config the file is config.json in this directory",
    );
  }
  checkKeys(config);
  checkMtu(config.mtu);
  checkPorts(config.listenPorts);
  checkIds(config);
  if (config.role === "hub") checkHub(config);
  if (config.role === "spoke") checkSpoke(config);
}

function checkKeys(config: Config): void {
  const peers = config.peers;
  const repeated = firstRepetition(config);
  for (let i = 0; i < peers.length; i++) {
    if (isZero(peers[i]!.psk)) {
      throw subnetraError("InvalidPsk", `peers[${i}].psk`, "the key is all zeros");
    }
    if (repeated !== null && i === repeated.first) {
      throw subnetraError("DuplicatePsk", `peers[${repeated.again}].psk`, `the key is that of peers[${i}]`);
    }
  }
}

/** The first peer whose key a later one has too, and the first of those. Keys are compared only where hashes agree. */
function firstRepetition(config: Config): { first: number; again: number } | null {
  const peers = config.peers;
  const byHash: { [hash: string]: number[] } = {};
  let found: { first: number; again: number } | null = null;
  for (let again = 0; again < peers.length; again++) {
    const hash = `h${hash32(peers[again]!.psk)}`;
    const earlier = byHash[hash];
    if (earlier === undefined) {
      byHash[hash] = [again];
      continue;
    }
    let k = 0;
    while (k < earlier.length && !sameBytes(peers[earlier[k]!]!.psk, peers[again]!.psk)) k++;
    if (k === earlier.length) earlier.push(again);
    else if (found === null || earlier[k]! < found.first) found = { first: earlier[k]!, again };
  }
  return found;
}

/** FNV-1a. */
function hash32(bytes: Uint8Array): number {
  let hash = -2128831035;
  for (let i = 0; i < bytes.length; i++) {
    hash ^= bytes[i]!;
    hash += (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24);
    hash |= 0;
  }
  return hash;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function checkMtu(mtu: number): void {
  if (mtu < MIN_MTU || mtu > MAX_MTU) {
    throw subnetraError("MtuOutOfRange", "local_tun_mtu", `${mtu} is not between ${MIN_MTU} and ${MAX_MTU}`);
  }
}

function checkPorts(ports: number[]): void {
  checkPortCount(ports.length);
  for (let i = 0; i < ports.length; i++) {
    checkPort(ports[i]!, `listen_ports[${i}]`);
    if (ports.indexOf(ports[i]!, i + 1) >= 0) {
      throw subnetraError(
        "DuplicateListenPort",
        `listen_ports[${i}]`,
        `port ${ports[i]} is listed again later`,
      );
    }
  }
}

function checkIds(config: Config): void {
  checkId(config.localId, "local_id");
  for (let i = 0; i < config.peers.length; i++) checkId(config.peers[i]!.id, `peers[${i}].id`);
}

function checkId(id: number, path: string): void {
  if (id > MAX_MESH_ID) {
    throw subnetraError("PeerIdOutOfRange", path, `${id} is above ${MAX_MESH_ID}`);
  }
}

function checkHub(config: Config): void {
  const peers = config.peers;
  for (let i = 0; i < peers.length; i++) {
    const { allowedSrcs } = peers[i]!;
    for (let k = 0; k < allowedSrcs.length; k++) {
      if (!coversEverything(allowedSrcs[k]!)) continue;
      throw subnetraError("HubPeerNeedsAllowedSrc", sourcePath(config, i, k), "it covers every address");
    }
  }
  const pair = firstOverlap(config);
  if (pair === null) return;
  const { allowedSrcs: earlier } = peers[pair.first]!;
  const { allowedSrcs: later } = peers[pair.again]!;
  for (let i = 0; i < earlier.length; i++) {
    for (let k = 0; k < later.length; k++) {
      if (!overlaps(earlier[i]!, later[k]!)) continue;
      const what = `${formatCidr(later[k]!)} overlaps ${formatCidr(earlier[i]!)} of peers[${pair.first}]`;
      throw subnetraError("HubAllowedSrcOverlap", sourcePath(config, pair.again, k), what);
    }
  }
}

/** Path of one of a peer's allowed sources: with an index only where there are several. */
function sourcePath(config: Config, peer: number, source: number): string {
  const path = `peers[${peer}].allowed_src`;
  return config.peers[peer]!.allowedSrcs.length === 1 ? path : `${path}[${source}]`;
}

interface Claim {
  readonly network: Cidr;
  readonly peer: number;
}

/** The claims of one network that lies around what is in hand: its first peer, and its first other one or -1. */
interface Enclosing {
  readonly network: Cidr;
  readonly peer: number;
  other: number;
}

/**
 * The first peer of whose sources one overlaps a later peer's, and the first of those. Prefixes nest or are apart, so in
 * the order of their networks those that overlap one stand around it: one walk with a stack of them, whatever the
 * number of peers.
 */
function firstOverlap(config: Config): { first: number; again: number } | null {
  const claims: Claim[] = [];
  for (let i = 0; i < config.peers.length; i++) {
    const { allowedSrcs } = config.peers[i]!;
    for (let k = 0; k < allowedSrcs.length; k++)
      claims.push({ network: networkOf(allowedSrcs[k]!), peer: i });
  }
  claims.sort((a, b) => compareNetworks(a.network, b.network) || a.peer - b.peer);
  const around: Enclosing[] = [];
  let found: { first: number; again: number } | null = null;
  for (let i = 0; i < claims.length; i++) {
    const { network, peer } = claims[i]!;
    while (around.length > 0 && !overlaps(around[around.length - 1]!.network, network)) around.pop();
    for (let k = 0; k < around.length; k++) {
      const other = around[k]!.peer === peer ? around[k]!.other : around[k]!.peer;
      if (other < 0) continue;
      const first = other < peer ? other : peer;
      const again = other < peer ? peer : other;
      if (found === null || first < found.first || (first === found.first && again < found.again))
        found = { first, again };
    }
    const top = around[around.length - 1];
    if (top === undefined || compareNetworks(top.network, network) !== 0)
      around.push({ network, peer, other: -1 });
    else if (top.other < 0 && top.peer !== peer) top.other = peer;
  }
  return found;
}

function checkSpoke(config: Config): void {
  if (config.peers.length !== 1) {
    throw subnetraError("SpokeNeedsOneHub", "peers", `${config.peers.length} peers are configured`);
  }
  if (config.localRoutes.length === 0 && config.localTunIp === null) {
    throw subnetraError("SpokeMissingLocal", "local_tun_ip", "the spoke has no address of its own");
  }
  if (isUnknown(config.peers[0]!.endpoint)) {
    const what = "a spoke calls its hub first, so it must know where that is";
    throw subnetraError("InvalidEndpoint", "peers[0].endpoint", what, "write the hub's A.B.C.D:port");
  }
  for (let i = 0; i < config.localRoutes.length; i++) {
    if (coversEverything(config.localRoutes[i]!)) {
      throw subnetraError(
        "SpokeLocalRouteTooBroad",
        `local_routes[${i}]`,
        `${formatCidr(config.localRoutes[i]!)} covers every address`,
      );
    }
  }
}
