// The peer registry, config.md §6: checks identities, then hands each peer and its key to the engine.

import { KEY_LENGTH, MAX_MESH_ID, REGION_SCRATCH } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { writePrefix } from "../cidr.ts";
import { subnetraError } from "../errors.ts";
import { wipeKeys } from "../memory.ts";
import { type Endpoint, formatEndpoint, isUnknown } from "./endpoint.ts";
import type { Config, PeerConfig } from "./values.ts";

/** @throws SubnetraError with the codes of config.md §6 */
export function checkRegistry(config: Config): void {
  if (config.peers.length > 0 && config.localId === 0) {
    throw subnetraError("MissingLocalId", "local_id", "this node has no id");
  }
  // Keys carry a prefix, so no name of Object.prototype can collide.
  const ids: { [key: string]: number } = {};
  const endpoints: { [key: string]: number } = {};
  for (let i = 0; i < config.peers.length; i++) checkPeer(config, i, ids, endpoints);
}

function checkPeer(
  config: Config,
  index: number,
  ids: { [key: string]: number },
  endpoints: { [key: string]: number },
): void {
  const peer = config.peers[index]!;
  const path = `peers[${index}]`;
  if (peer.id === 0) throw subnetraError("ReservedPeerId", `${path}.id`, "the peer has no id");
  if (peer.id > MAX_MESH_ID) {
    throw subnetraError("PeerIdOutOfRange", `${path}.id`, `${peer.id} is above ${MAX_MESH_ID}`);
  }
  if (peer.id === config.localId) {
    throw subnetraError("SelfReference", `${path}.id`, `${peer.id} is this node's own id`);
  }
  const id = `id ${peer.id}`;
  if (ids[id] !== undefined) {
    throw subnetraError("DuplicateId", `${path}.id`, `${peer.id} is the id of peers[${ids[id]}]`);
  }
  ids[id] = index;
  if (isUnknown(peer.endpoint)) return;
  const endpoint = formatEndpoint(peer.endpoint.address, peer.endpoint.port);
  if (endpoints[endpoint] !== undefined) {
    const what = `${endpoint} is the endpoint of peers[${endpoints[endpoint]}]`;
    throw subnetraError("DuplicateEndpoint", `${path}.endpoint`, what);
  }
  endpoints[endpoint] = index;
}

/**
 * Checks the peers and adds them to the engine in configuration order. Every key is wiped from the configuration,
 * whether this succeeds or not.
 *
 * @throws SubnetraError with the codes of config.md §6
 */
export function buildRegistry(engine: Engine, config: Config): void {
  try {
    checkRegistry(config);
    for (let i = 0; i < config.peers.length; i++) addPeer(engine, config.peers[i]!, i);
  } finally {
    wipeKeys(config.peers);
  }
}

function addPeer(engine: Engine, peer: PeerConfig, index: number): void {
  const psk = engine.call.region(REGION_SCRATCH);
  const allowed = psk + KEY_LENGTH;
  engine.u8.set(peer.psk, psk);
  writePrefix(engine, allowed, peer.allowedSrcs[0]!);
  const { address, port } = peer.endpoint;
  const added = engine.call.addPeer(peer.id, psk, networkOrder32(address), networkOrder16(port), allowed);
  if (added !== index)
    throw subnetraError("TooManyPeers", `peers[${index}]`, "the engine's peer table is full");
  for (let i = 1; i < peer.allowedSrcs.length; i++) {
    writePrefix(engine, allowed, peer.allowedSrcs[i]!);
    engine.call.addSource(index, allowed);
  }
}

/** Tells the engine where a peer is expected until it is heard elsewhere. */
export function expectPeerAt(engine: Engine, index: number, endpoint: Endpoint): void {
  engine.call.setEndpoint(index, networkOrder32(endpoint.address), networkOrder16(endpoint.port));
}

/** The number whose little-endian bytes are `value` in network order. */
function networkOrder32(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function networkOrder16(value: number): number {
  return ((value & 255) << 8) | (value >> 8);
}
