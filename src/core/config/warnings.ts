// What a configuration that passes every check may still get wrong, for `subnetrad --check` (config.md §11). Each is
// something that somebody will look for later; a file that does what its owner means gives none.

import { ONLINE_SECONDS } from "../../engine/abi.ts";
import {
  type Cidr,
  covers,
  formatCidr,
  formatHost,
  hasHostBits,
  hostPrefix,
  isOneAddress,
  networkOf,
  overlaps,
} from "../cidr.ts";
import { quoted } from "../errors.ts";
import { MAX_MTU } from "../limits.ts";
import { FIELD_NAMES, PEER_FIELD_NAMES } from "./fields.ts";
import { ANYWHERE } from "./kinds.ts";
import { nearestName } from "./nearest.ts";
import type { Remarks } from "./remarks.ts";
import type { Config, PeerConfig } from "./values.ts";

/** Lines that are told; of more than that the rest is counted. */
const MAX_LINES = 32;

/** Lines on standard error, in the order in which they were found. */
export class Warnings {
  private readonly lines: string[] = [];
  count = 0;

  /** @param text place and what is wrong, without a line end */
  add(text: string): void {
    this.count++;
    if (this.lines.length < MAX_LINES) this.lines.push(`warning: ${text}\n`);
  }

  /** Lines that are whole already. */
  addLines(lines: string): void {
    if (lines === "") return;
    this.count += lines.split("\n").length - 1;
    this.lines.push(lines);
  }

  get text(): string {
    const told = this.lines.join("");
    return this.count > MAX_LINES + 2 ? `${told}warning: ... and more (${this.count} in all)\n` : told;
  }
}

/** What was read past. */
export function warnOfUnknownFields(warnings: Warnings, remarks: Remarks): void {
  for (let i = 0; i < remarks.unknownFields.length; i++) {
    const { path, name } = remarks.unknownFields[i]!;
    const place = path === "" ? "" : `${path}: `;
    warnings.add(`${place}unknown field ${quoted(name)}${meant(name, path !== "")}`);
  }
  const more = remarks.unknownCount - remarks.unknownFields.length;
  if (more > 0) warnings.add(`${more} more unknown fields`);
}

function meant(name: string, inPeer: boolean): string {
  const own = inPeer ? PEER_FIELD_NAMES : FIELD_NAMES;
  const others = inPeer ? FIELD_NAMES : PEER_FIELD_NAMES;
  if (others.indexOf(name) >= 0)
    return inPeer ? "; it belongs outside of peers" : "; it belongs inside of peers[]";
  const near = nearestName(name, own);
  if (near !== null) return `; perhaps ${near}?`;
  const elsewhere = nearestName(name, others);
  if (elsewhere === null) return ", ignored";
  return `; perhaps ${elsewhere} ${inPeer ? "outside of peers" : "in peers[]"}?`;
}

/**
 * Judges values that have passed the reader. Keys must not be wiped yet.
 *
 * @param recommendedMtu the largest MTU that fits into the path (daemon-cli.md §5)
 */
export function warnOfValues(
  warnings: Warnings,
  config: Config,
  remarks: Remarks,
  recommendedMtu: number,
): void {
  const { given } = remarks;
  if (given.listenPort && given.listenPorts)
    warnings.add("listen_port: ignored, because listen_ports is given");
  if (config.mtu > recommendedMtu && config.mtu <= MAX_MTU) {
    warnings.add(
      `local_tun_mtu: ${config.mtu} is above ${recommendedMtu}, packets may be lost (see --path-mtu)`,
    );
  }
  if (given.negotiationVersion) warnings.add("negotiation_version: has no effect; leave it at 1");
  warnOfKeepalive(warnings, config);
  warnOfRoutes(warnings, config, given);
  warnOfPeers(warnings, config);
}

function warnOfKeepalive(warnings: Warnings, config: Config): void {
  const seconds = config.keepaliveSecs;
  if (config.role !== "spoke" && seconds !== 0) {
    warnings.add("keepalive_secs: only a spoke sends any; set it in peers[] instead");
  } else if (seconds > ONLINE_SECONDS) {
    warnings.add(`keepalive_secs: above ${ONLINE_SECONDS}, the hub takes this node for offline`);
  }
}

function warnOfRoutes(warnings: Warnings, config: Config, given: Remarks["given"]): void {
  const { localRoutes, remoteRoutes, localTunIp, virtualSubnet } = config;
  const spoke = config.role === "spoke";
  for (let i = 0; i < localRoutes.length; i++)
    warnOfHostBits(warnings, localRoutes[i]!, `local_routes[${i}]`);
  for (let i = 0; i < remoteRoutes.length; i++)
    warnOfHostBits(warnings, remoteRoutes[i]!, `remote_routes[${i}]`);
  if (given.virtualSubnet) warnOfHostBits(warnings, virtualSubnet, "virtual_subnet");
  const toHub = remoteRoutes.length > 0 ? remoteRoutes : [virtualSubnet];
  if (localTunIp !== null) {
    const used = given.virtualSubnet || (spoke && remoteRoutes.length === 0);
    if (used && !overlaps(virtualSubnet, localTunIp))
      warnings.add(
        `local_tun_ip: ${formatCidr(localTunIp)} is outside of virtual_subnet ${formatCidr(virtualSubnet)}`,
      );
    if (!isOneAddress(localTunIp) && !hasHostBits(localTunIp))
      warnings.add(`local_tun_ip: ${formatCidr(localTunIp)} is a network, not an address in it`);
  }
  if (!spoke) {
    if (localRoutes.length > 0) warnings.add(`local_routes: only role spoke uses it, this is ${config.role}`);
    if (remoteRoutes.length > 0)
      warnings.add(`remote_routes: only role spoke uses it, this is ${config.role}`);
    return;
  }
  if (localTunIp !== null && localRoutes.length > 0 && !someCovers(localRoutes, localTunIp))
    warnings.add(`local_routes: lacks this node's own address, ${formatHost(localTunIp)}/32`);
  for (let i = 0; i < localRoutes.length; i++) {
    for (let k = 0; k < toHub.length; k++) {
      if (!covers(localRoutes[i]!, toHub[k]!)) continue;
      const what = remoteRoutes.length > 0 ? `remote_routes[${k}]` : "virtual_subnet";
      warnings.add(`local_routes[${i}]: takes all of ${what}, so the hub gets nothing`);
    }
  }
}

function someCovers(prefixes: readonly Cidr[], address: Cidr): boolean {
  for (let i = 0; i < prefixes.length; i++) if (overlaps(prefixes[i]!, address)) return true;
  return false;
}

function warnOfHostBits(warnings: Warnings, cidr: Cidr, place: string): void {
  if (hasHostBits(cidr))
    warnings.add(`${place}: ${formatCidr(cidr)} means all of ${formatCidr(networkOf(cidr))}`);
}

function warnOfPeers(warnings: Warnings, config: Config): void {
  const names: { [name: string]: number } = {};
  for (let i = 0; i < config.peers.length; i++) {
    const peer = config.peers[i]!;
    const place = `peers[${i}]`;
    warnOfKey(warnings, peer.psk, place);
    warnOfSources(warnings, config, peer, place);
    if (peer.keepaliveSecs !== null && peer.keepaliveSecs > ONLINE_SECONDS)
      warnings.add(`${place}.keepalive_secs: above ${ONLINE_SECONDS}, the peer takes this node for offline`);
    const first = peer.endpoint.address >>> 24;
    if (peer.endpoint.port !== 0 && (first === 0 || first >= 224))
      warnings.add(`${place}.endpoint: nothing can be sent to this address`);
    const name = `n ${peer.name}`;
    if (peer.name !== "" && names[name] !== undefined)
      warnings.add(`${place}.name: is the name of peers[${names[name]}] too`);
    else names[name] = i;
  }
}

/** A random key repeats itself like this, or counts up, in one of 2^192 cases. */
function warnOfKey(warnings: Warnings, psk: Uint8Array, place: string): void {
  let repeats = true;
  let counts = true;
  for (let i = 1; i < psk.length && (repeats || counts); i++) {
    if (i >= 8 && psk[i] !== psk[i - 8]) repeats = false;
    if (psk[i] !== ((psk[i - 1]! + 1) & 255)) counts = false;
  }
  if (repeats || counts) warnings.add(`${place}.psk: a pattern that anyone can guess; make a random key`);
}

function warnOfSources(warnings: Warnings, config: Config, peer: PeerConfig, place: string): void {
  const { allowedSrcs } = peer;
  const own = config.localTunIp;
  if (allowedSrcs === ANYWHERE) {
    warnings.add(`${place}.allowed_src: missing, so this peer may send from any address`);
    return;
  }
  for (let i = 0; i < allowedSrcs.length; i++) {
    const cidr = allowedSrcs[i]!;
    const at = allowedSrcs.length === 1 ? `${place}.allowed_src` : `${place}.allowed_src[${i}]`;
    warnOfHostBits(warnings, cidr, at);
    if (own !== null && isOneAddress(cidr) && overlaps(cidr, hostPrefix(own)))
      warnings.add(`${at}: is this node's own address, local_tun_ip`);
    for (let k = 0; k < allowedSrcs.length; k++) {
      const twin = covers(cidr, allowedSrcs[k]!) && covers(allowedSrcs[k]!, cidr);
      if (k === i || !covers(allowedSrcs[k]!, cidr) || (twin && k > i)) continue;
      warnings.add(`${at}: lies in ${formatCidr(allowedSrcs[k]!)} already`);
      break;
    }
  }
  if (config.role !== "spoke") return;
  const toHub = config.remoteRoutes.length > 0 ? config.remoteRoutes : [config.virtualSubnet];
  for (let i = 0; i < toHub.length; i++) {
    let answered = false;
    for (let k = 0; k < allowedSrcs.length; k++) if (overlaps(allowedSrcs[k]!, toHub[i]!)) answered = true;
    if (!answered)
      warnings.add(`${place}.allowed_src: answers from ${formatCidr(toHub[i]!)} will be dropped`);
  }
}
