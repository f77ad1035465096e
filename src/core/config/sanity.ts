// What the values of a configuration mean together, config.md §5, in its order.

import { MAX_MESH_ID } from "../../engine/abi.ts";
import { type Cidr, compareNetworks, coversEverything, formatCidr, networkOf, overlaps } from "../cidr.ts";
import { subnetraError } from "../errors.ts";
import { MAX_MTU, MIN_MTU } from "../limits.ts";
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
    if (coversEverything(peers[i]!.allowedSrc)) {
      throw subnetraError("HubPeerNeedsAllowedSrc", `peers[${i}].allowed_src`, "it covers every address");
    }
  }
  if (areDisjoint(config)) return;
  for (let i = 0; i < peers.length; i++) {
    for (let k = i + 1; k < peers.length; k++) {
      if (overlaps(peers[i]!.allowedSrc, peers[k]!.allowedSrc)) {
        const what = `${formatCidr(peers[k]!.allowedSrc)} overlaps ${formatCidr(peers[i]!.allowedSrc)} of peers[${i}]`;
        throw subnetraError("HubAllowedSrcOverlap", `peers[${k}].allowed_src`, what);
      }
    }
  }
}

/** Prefixes nest or are apart, so in the order of their networks two that overlap have a pair of neighbours that do. */
function areDisjoint(config: Config): boolean {
  const sorted: Cidr[] = [];
  for (let i = 0; i < config.peers.length; i++) sorted.push(networkOf(config.peers[i]!.allowedSrc));
  sorted.sort(compareNetworks);
  for (let i = 1; i < sorted.length; i++) if (overlaps(sorted[i - 1]!, sorted[i]!)) return false;
  return true;
}

function checkSpoke(config: Config): void {
  if (config.peers.length !== 1) {
    throw subnetraError("SpokeNeedsOneHub", "peers", `${config.peers.length} peers are configured`);
  }
  if (config.localRoutes.length === 0 && config.localTunIp === null) {
    throw subnetraError("SpokeMissingLocal", "local_tun_ip", "the spoke has no address of its own");
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
