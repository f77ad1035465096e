// The configuration as a JSON document: field names, types and defaults, before any rule about values.

import { KEY_LENGTH } from "../../engine/abi.ts";
import { subnetraError } from "../errors.ts";
import { JsonReader } from "../json/reader.ts";
import { hexDigit } from "../json/text.ts";
import { DEFAULT_MTU } from "../limits.ts";
import { wipe } from "../memory.ts";

export interface PeerDocument {
  id: number;
  endpoint: string;
  allowedSrc: string;
  /** Digits of a well-formed key (64), 0 when the field is absent or empty, -1 when it is anything else. */
  pskDigits: number;
  psk: Uint8Array;
  name: string;
}

export interface Document {
  negotiationVersion: number;
  role: string;
  localId: number;
  mtu: number;
  listenPorts: number[] | null;
  listenPort: number | null;
  virtualSubnet: string;
  localTunIp: string;
  localRoutes: string[];
  remoteRoutes: string[];
  keepaliveSecs: number | null;
  obfuscate: boolean;
  peers: PeerDocument[];
  /** True when the removed mesh-wide key is set. */
  hasPsk: boolean;
  policyFile: string | null;
  maxPeers: number | null;
  maxRules: number | null;
}

const U8 = 255;
const U16 = 65535;
const U32 = 4294967295;

const FIELDS = [
  "negotiation_version",
  "role",
  "local_id",
  "local_tun_mtu",
  "listen_ports",
  "listen_port",
  "virtual_subnet",
  "local_tun_ip",
  "local_routes",
  "remote_routes",
  "keepalive_secs",
  "obfuscate",
  "peers",
  "psk",
  "policy_file",
  "max_peers",
  "max_rules",
];
const PEER_FIELDS = ["id", "endpoint", "allowed_src", "psk", "name"];

/** Reads the whole document. @throws the error names of config.md §2 */
export function readDocument(bytes: Uint8Array, length: number): Document {
  const doc: Document = {
    negotiationVersion: 1,
    role: "manual",
    localId: 0,
    mtu: DEFAULT_MTU,
    listenPorts: null,
    listenPort: null,
    virtualSubnet: "10.0.0.0/24",
    localTunIp: "",
    localRoutes: [],
    remoteRoutes: [],
    keepaliveSecs: null,
    obfuscate: true,
    peers: [],
    hasPsk: false,
    policyFile: null,
    maxPeers: null,
    maxRules: null,
  };
  const reader = new JsonReader(bytes, length);
  let seen = 0;
  reader.beginObject();
  while (reader.nextField()) {
    reader.tokens.path = "";
    const index = FIELDS.indexOf(reader.field);
    if (index < 0) {
      reader.skipValue();
      continue;
    }
    reader.tokens.path = reader.field;
    seen = markSeen(seen, index, reader.tokens.path);
    readField(reader, reader.field, doc);
    reader.tokens.path = "";
  }
  reader.endDocument();
  return doc;
}

/** @throws DuplicateField when the bit is already set */
function markSeen(seen: number, index: number, path: string): number {
  const bit = 1 << index;
  if ((seen & bit) !== 0) throw subnetraError("DuplicateField", path, "the field is given twice");
  return seen | bit;
}

function readField(reader: JsonReader, field: string, doc: Document): void {
  switch (field) {
    case "negotiation_version":
      doc.negotiationVersion = reader.readUnsigned(U8);
      break;
    case "role":
      doc.role = reader.readString();
      break;
    case "local_id":
      doc.localId = reader.readUnsigned(U32);
      break;
    case "local_tun_mtu":
      doc.mtu = reader.readUnsigned(U16);
      break;
    case "listen_ports":
      doc.listenPorts = reader.readNull() ? null : readPorts(reader);
      break;
    case "listen_port":
      doc.listenPort = readOptional(reader, U16);
      break;
    case "virtual_subnet":
      doc.virtualSubnet = reader.readString();
      break;
    case "local_tun_ip":
      doc.localTunIp = reader.readString();
      break;
    case "local_routes":
      doc.localRoutes = readStrings(reader);
      break;
    case "remote_routes":
      doc.remoteRoutes = readStrings(reader);
      break;
    case "keepalive_secs":
      doc.keepaliveSecs = readOptional(reader, U32);
      break;
    case "obfuscate":
      doc.obfuscate = reader.readBoolean();
      break;
    case "peers":
      readPeers(reader, doc.peers);
      break;
    case "psk":
      reader.readRaw();
      doc.hasPsk = reader.tokens.textEnd > reader.tokens.textStart;
      break;
    case "policy_file":
      doc.policyFile = reader.readString();
      break;
    case "max_peers":
      doc.maxPeers = reader.readUnsigned(U32);
      break;
    case "max_rules":
      doc.maxRules = reader.readUnsigned(U32);
      break;
  }
}

function readOptional(reader: JsonReader, max: number): number | null {
  return reader.readNull() ? null : reader.readUnsigned(max);
}

function readPorts(reader: JsonReader): number[] {
  const ports: number[] = [];
  const path = reader.tokens.path;
  reader.beginArray();
  while (reader.nextElement()) {
    reader.tokens.path = `${path}[${ports.length}]`;
    ports.push(reader.readUnsigned(U16));
    reader.tokens.path = path;
  }
  return ports;
}

function readStrings(reader: JsonReader): string[] {
  const texts: string[] = [];
  const path = reader.tokens.path;
  reader.beginArray();
  while (reader.nextElement()) {
    reader.tokens.path = `${path}[${texts.length}]`;
    texts.push(reader.readString());
    reader.tokens.path = path;
  }
  return texts;
}

function readPeers(reader: JsonReader, peers: PeerDocument[]): void {
  reader.beginArray();
  while (reader.nextElement()) {
    const path = `peers[${peers.length}]`;
    reader.tokens.path = path;
    peers.push(readPeer(reader, path));
    reader.tokens.path = "peers";
  }
}

function readPeer(reader: JsonReader, path: string): PeerDocument {
  const peer: PeerDocument = {
    id: 0,
    endpoint: "",
    allowedSrc: "0.0.0.0/0",
    pskDigits: 0,
    psk: keyMemory(KEY_LENGTH),
    name: "",
  };
  let seen = 0;
  reader.beginObject();
  while (reader.nextField()) {
    const index = PEER_FIELDS.indexOf(reader.field);
    if (index < 0) {
      reader.skipValue();
      continue;
    }
    reader.tokens.path = `${path}.${reader.field}`;
    seen = markSeen(seen, index, reader.tokens.path);
    readPeerField(reader, reader.field, peer);
    reader.tokens.path = path;
  }
  return peer;
}

function readPeerField(reader: JsonReader, field: string, peer: PeerDocument): void {
  switch (field) {
    case "id":
      peer.id = reader.readUnsigned(U32);
      break;
    case "endpoint":
      peer.endpoint = reader.readString();
      break;
    case "allowed_src":
      peer.allowedSrc = reader.readString();
      break;
    case "psk":
      reader.readRaw();
      peer.pskDigits = decodePsk(reader, peer.psk);
      break;
    case "name":
      peer.name = reader.readString();
      break;
  }
}

/** Memory for key material. Small typed arrays without a buffer of their own live where V8 moves and copies them. */
function keyMemory(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** Decodes 64 hexadecimal digits into `psk`. 64, 0 for an empty string, or -1; nothing is left in other memory. */
function decodePsk(reader: JsonReader, psk: Uint8Array): number {
  const digits = keyMemory(psk.length * 2);
  const length = reader.decodeText(digits);
  let ok = length === digits.length;
  for (let i = 0; ok && i < psk.length; i++) {
    const high = hexDigit(digits[2 * i]!);
    const low = hexDigit(digits[2 * i + 1]!);
    ok = high >= 0 && low >= 0;
    psk[i] = (high << 4) | low;
  }
  wipe(digits);
  if (!ok) wipe(psk);
  return ok ? digits.length : length === 0 ? 0 : -1;
}
