// The configuration of a node: every field and rule of config.md §3 and §4. What the values mean together is
// checked in sanity.ts and registry.ts.

import { DEFAULT_PEERS, DEFAULT_RULES, KEY_LENGTH, LIMIT_PEERS, LIMIT_RULES } from "../../engine/abi.ts";
import { type Cidr, parseCidr } from "../cidr.ts";
import { quoted, subnetraError } from "../errors.ts";
import { MAX_LISTEN_PORTS, MAX_NAME_LENGTH, MAX_PATH, MAX_ROUTES } from "../limits.ts";
import { wipeKeys } from "../memory.ts";
import { type Document, type PeerDocument, readDocument } from "./document.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";

export type Role = "manual" | "hub" | "spoke";

export interface PeerConfig {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly allowedSrc: Cidr;
  /** 32 bytes; whoever uses the key last wipes it. */
  readonly psk: Uint8Array;
  /** Display label, "" when unset. */
  readonly name: string;
}

export interface Config {
  readonly negotiationVersion: number;
  readonly role: Role;
  readonly localId: number;
  readonly mtu: number;
  /** 1 … 8 ports; the first is the primary one. */
  readonly listenPorts: number[];
  readonly virtualSubnet: Cidr;
  readonly localTunIp: Cidr | null;
  readonly localRoutes: Cidr[];
  readonly remoteRoutes: Cidr[];
  /** Seconds between keepalives, 0 = none; only role spoke sends them. */
  readonly keepaliveSecs: number;
  readonly obfuscate: boolean;
  readonly peers: PeerConfig[];
  /** Extensions of this implementation; the reference ignores the fields. */
  readonly policyFile: string | null;
  readonly maxPeers: number;
  readonly maxRules: number;
}

const SPOKE_PORTS = [18020];
const HUB_PORTS = [18020, 18023, 18026];
const SPOKE_KEEPALIVE = 20;

/**
 * Parses a configuration. The first error wins, in the order of config.md §4; document errors come before all.
 *
 * @param bytes the file's bytes; keys are copied out of them, so the caller wipes them afterwards
 * @throws SubnetraError with the codes of config.md §2–§4
 */
export function parseConfig(bytes: Uint8Array, length: number): Config {
  const document = readDocument(bytes, length);
  try {
    return convert(document);
  } catch (error) {
    wipeKeys(document.peers);
    throw error;
  }
}

/** The configuration of a node without a file: no peers, so it never passes the sanity checks. */
export function defaultConfig(): Config {
  return parseConfig(new Uint8Array([0x7b, 0x7d]), 2);
}

function convert(doc: Document): Config {
  if (doc.hasPsk) {
    throw subnetraError(
      "InvalidPsk",
      "psk",
      "the mesh-wide key is no longer supported",
      "move it into the peer's own psk field",
    );
  }
  const role = convertRole(doc.role);
  const virtualSubnet = convertCidr(doc.virtualSubnet, "virtual_subnet");
  const localTunIp = doc.localTunIp === "" ? null : convertCidr(doc.localTunIp, "local_tun_ip");
  const listenPorts = convertPorts(doc, role);
  const maxPeers = convertCapacity(doc.maxPeers, DEFAULT_PEERS, LIMIT_PEERS, "max_peers");
  const maxRules = convertCapacity(doc.maxRules, DEFAULT_RULES, LIMIT_RULES, "max_rules");
  if (doc.peers.length > maxPeers) {
    throw subnetraError("TooManyPeers", "peers", `${doc.peers.length} peers, the limit is ${maxPeers}`);
  }
  const peers: PeerConfig[] = [];
  for (let i = 0; i < doc.peers.length; i++) peers.push(convertPeer(doc.peers[i]!, `peers[${i}].`));
  return {
    negotiationVersion: doc.negotiationVersion,
    role,
    localId: doc.localId,
    mtu: doc.mtu,
    listenPorts,
    virtualSubnet,
    localTunIp,
    localRoutes: convertRoutes(doc.localRoutes, "local_routes"),
    remoteRoutes: convertRoutes(doc.remoteRoutes, "remote_routes"),
    keepaliveSecs: doc.keepaliveSecs === null ? (role === "spoke" ? SPOKE_KEEPALIVE : 0) : doc.keepaliveSecs,
    obfuscate: doc.obfuscate,
    peers,
    policyFile: convertPolicyFile(doc.policyFile),
    maxPeers,
    maxRules,
  };
}

function convertRole(text: string): Role {
  if (text === "manual" || text === "hub" || text === "spoke") return text;
  throw subnetraError("InvalidRole", "role", `${quoted(text)} is not a role`);
}

function convertCidr(text: string, path: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr !== null) return cidr;
  throw subnetraError("InvalidCidr", path, `${quoted(text)} is not A.B.C.D/P`);
}

function convertPorts(doc: Document, role: Role): number[] {
  const ports = doc.listenPorts;
  if (ports !== null) {
    checkPortCount(ports.length);
    for (let i = 0; i < ports.length; i++) checkPort(ports[i]!, `listen_ports[${i}]`);
    return ports;
  }
  if (doc.listenPort !== null) {
    checkPort(doc.listenPort, "listen_port");
    return [doc.listenPort];
  }
  return (role === "spoke" ? SPOKE_PORTS : HUB_PORTS).slice();
}

/** @throws NoListenPort, TooManyListenPorts */
export function checkPortCount(count: number): void {
  if (count === 0) throw subnetraError("NoListenPort", "listen_ports", "no port is listed");
  if (count > MAX_LISTEN_PORTS) {
    throw subnetraError("TooManyListenPorts", "listen_ports", `${count} ports are listed`);
  }
}

/** @throws InvalidListenPort */
export function checkPort(port: number, path: string): void {
  if (port === 0) throw subnetraError("InvalidListenPort", path, "port 0 cannot be listened on");
}

function convertCapacity(value: number | null, fallback: number, limit: number, path: string): number {
  if (value === null) return fallback;
  if (value >= 1 && value <= limit) return value;
  throw subnetraError("InvalidCapacity", path, `${value} is not between 1 and ${limit}`);
}

function convertPeer(doc: PeerDocument, prefix: string): PeerConfig {
  if (doc.pskDigits !== KEY_LENGTH * 2) {
    const what = doc.pskDigits < 0 ? "the key is not 64 hexadecimal digits" : "the key is missing";
    throw subnetraError("InvalidPsk", `${prefix}psk`, what);
  }
  const endpoint = parseEndpoint(doc.endpoint);
  if (endpoint === null) {
    throw subnetraError(
      "InvalidEndpoint",
      `${prefix}endpoint`,
      `${quoted(doc.endpoint)} is not A.B.C.D:port`,
    );
  }
  const allowedSrc = convertCidr(doc.allowedSrc, `${prefix}allowed_src`);
  if (!isLabel(doc.name)) {
    throw subnetraError("InvalidPeerName", `${prefix}name`, `${quoted(doc.name)} is not a usable name`);
  }
  return { id: doc.id, endpoint, allowedSrc, psk: doc.psk, name: doc.name };
}

/** At most 32 bytes of 0x20 … 0x7E. */
function isLabel(text: string): boolean {
  if (text.length > MAX_NAME_LENGTH) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function convertRoutes(texts: string[], path: string): Cidr[] {
  if (texts.length > MAX_ROUTES) {
    throw subnetraError("TooManyRoutes", path, `${texts.length} routes are listed`);
  }
  const routes: Cidr[] = [];
  for (let i = 0; i < texts.length; i++) routes.push(convertCidr(texts[i]!, `${path}[${i}]`));
  return routes;
}

function convertPolicyFile(path: string | null): string | null {
  if (path === null) return null;
  if (path === "" || path.length > MAX_PATH || path.indexOf("\0") >= 0) {
    throw subnetraError("InvalidPolicyFile", "policy_file", "the path is empty, too long or holds a NUL");
  }
  return path;
}
