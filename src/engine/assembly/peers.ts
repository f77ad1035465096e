// The peer table: public records (abi.ts PEER_*), secret records, an index by mesh id and one by endpoint.

import {
  KEY_LENGTH,
  MAX_ALLOWED_SRC,
  OK,
  PEER_ALLOWED,
  PEER_DROPS,
  PEER_ENDPOINT,
  PEER_ID,
  PEER_LAST_SEEN,
  PEER_NEXT,
  PEER_SEQUENCE,
  PEER_SOURCES,
  PEER_STRIDE,
  PEER_UNCLAIMED,
  PREFIX_STRIDE,
  SOCKADDR_ADDRESS,
  SOCKADDR_PORT,
  SOURCE_STRIDE,
  TABLE_FULL,
} from "../abi";
import { keyMidstate } from "./crypto/blake2b";
import { linkKey, sessionKeyFromMidstate } from "./crypto/kdf";
import {
  endpointBase,
  endpointSlots,
  idMapBase,
  markTablesDirty,
  peerBase,
  peerCapacity,
  secretBase,
  sourceBase,
  WORK_PAD,
  workBase,
} from "./layout";
import { contains, copyPrefix, Key } from "./prefix";
import { SECRET_RX_LINK, SECRET_STRIDE, SECRET_TX_KEY, SECRET_TX_LINK } from "./records";

export let peerTotal: u32 = 0;
let family: u32 = 2;

export function resetPeers(): void {
  peerTotal = 0;
}

/** Sets the first u16 of every sockaddr_in written from now on. */
export function setFamily(value: u32): void {
  family = value;
}

export function peerAt(index: u32): usize {
  return peerBase + index * PEER_STRIDE;
}

export function secretAt(index: u32): usize {
  return secretBase + index * SECRET_STRIDE;
}

/** Index of the peer with a mesh id, or -1. */
export function peerById(id: u32): i32 {
  if (id > 65535) return -1;
  return <i32>load<u16>(idMapBase + (id << 1)) - 1;
}

function endpointSlot(address: u32, port: u32): usize {
  let hash = (address ^ (port << 16) ^ port) * 0x9e3779b1;
  hash ^= hash >> 15;
  return endpointBase + ((hash & (endpointSlots - 1)) << 1);
}

function link(index: u32): void {
  const peer = peerAt(index);
  const slot = endpointSlot(addressOf(peer), portOf(peer));
  // Chains are kept in table order, so of several claimants the first in the table wins.
  let previous: usize = 0;
  let next: u32 = load<u16>(slot);
  while (next != 0 && next - 1 < index) {
    previous = peerAt(next - 1);
    next = load<u32>(previous, PEER_NEXT);
  }
  store<u32>(peer, next, PEER_NEXT);
  if (previous == 0) store<u16>(slot, index + 1);
  else store<u32>(previous, index + 1, PEER_NEXT);
}

function unlink(index: u32): void {
  const peer = peerAt(index);
  const slot = endpointSlot(addressOf(peer), portOf(peer));
  let previous: usize = 0;
  let at: u32 = load<u16>(slot);
  while (at != index + 1) {
    previous = peerAt(at - 1);
    at = load<u32>(previous, PEER_NEXT);
  }
  const next = load<u32>(peer, PEER_NEXT);
  if (previous == 0) store<u16>(slot, next);
  else store<u32>(previous, next, PEER_NEXT);
}

/** Raw network-order address and port of a peer's current endpoint. */
export function addressOf(peer: usize): u32 {
  return load<u32>(peer, PEER_ENDPOINT + SOCKADDR_ADDRESS);
}

export function portOf(peer: usize): u32 {
  return load<u16>(peer, PEER_ENDPOINT + SOCKADDR_PORT);
}

/** False for a peer whose address is unknown until it is heard. */
export function hasEndpoint(index: u32): bool {
  return load<u64>(peerAt(index), PEER_ENDPOINT) >> 16 != 0;
}

/** Index of the first peer in the slot of an endpoint (it may have another endpoint), or -1. */
export function firstInSlot(address: u32, port: u32): i32 {
  return <i32>load<u16>(endpointSlot(address, port)) - 1;
}

/** Index of the next peer in the same slot, or -1. */
export function nextInSlot(index: u32): i32 {
  return <i32>load<u32>(peerAt(index), PEER_NEXT) - 1;
}

/** True when a peer's current endpoint is this one. */
export function livesAt(index: u32, address: u32, port: u32): bool {
  const peer = peerAt(index);
  return addressOf(peer) == address && portOf(peer) == port;
}

/** Counts a datagram from the peer's endpoint that no key opened. */
export function countUnclaimed(index: u32): void {
  const peer = peerAt(index);
  store<u64>(peer, load<u64>(peer, PEER_UNCLAIMED) + 1, PEER_UNCLAIMED);
}

/** Counts a packet from or for a peer that goes no further, besides its COUNTER_DROP_*. */
export function countDrop(index: u32): void {
  const peer = peerAt(index);
  store<u64>(peer, load<u64>(peer, PEER_DROPS) + 1, PEER_DROPS);
}

/** Counts one packet in a pair of PEER_* counters: packets, and bytes behind it. */
export function countTraffic(peer: usize, pair: usize, bytes: u64): void {
  store<u64>(peer + pair, load<u64>(peer + pair) + 1);
  store<u64>(peer + pair, load<u64>(peer + pair, 8) + bytes, 8);
}

/** Stores a peer's new endpoint. True when it differs from the current one. One without an endpoint is in no slot. */
export function learnEndpoint(index: u32, address: u32, port: u32): bool {
  const peer = peerAt(index);
  if (addressOf(peer) == address && portOf(peer) == port) return false;
  if (hasEndpoint(index)) unlink(index);
  store<u32>(peer, address, PEER_ENDPOINT + SOCKADDR_ADDRESS);
  store<u16>(peer, port, PEER_ENDPOINT + SOCKADDR_PORT);
  if (hasEndpoint(index)) link(index);
  return true;
}

function sourceAt(index: u32, number: u32): usize {
  return sourceBase + index * SOURCE_STRIDE + number * PREFIX_STRIDE;
}

/** One more prefix that the peer may send from. OK or TABLE_FULL. */
export function addSourceOf(index: u32, prefix: usize): i32 {
  const peer = peerAt(index);
  const others = load<u32>(peer, PEER_SOURCES);
  if (others + 1 >= <u32>MAX_ALLOWED_SRC) return TABLE_FULL;
  copyPrefix(sourceAt(index, others), prefix);
  store<u32>(peer, others + 1, PEER_SOURCES);
  return OK;
}

/** True when an address lies in one of the peer's prefixes besides the one in its record. */
export function isOtherSource(index: u32, address: Key): bool {
  const others = load<u32>(peerAt(index), PEER_SOURCES);
  for (let i: u32 = 0; i < others; i++) if (contains(sourceAt(index, i), address)) return true;
  return false;
}

export function markSeen(index: u32, wall: u64): void {
  store<u64>(peerAt(index), wall, PEER_LAST_SEEN);
}

/** New sending keys for an epoch no peer has seen from this node; sequence numbers start at 1 again. */
export function renewSendingKeys(epoch: u64): void {
  for (let i: u32 = 0; i < peerTotal; i++) {
    const secret = secretAt(i);
    sessionKeyFromMidstate(secret + SECRET_TX_LINK, epoch, secret + SECRET_TX_KEY);
    store<u64>(peerAt(i), 0, PEER_SEQUENCE);
  }
}

/**
 * Derives both link keys and the transmit session key (wire-protocol.md §3) and wipes the PSK. `allowed` is the offset of a
 * PREFIX_* record.
 */
export function addPeerRecord(
  localId: u32,
  epoch: u64,
  id: u32,
  psk: usize,
  address: u32,
  port: u32,
  allowed: usize,
): i32 {
  if (peerTotal >= peerCapacity) {
    memory.fill(psk, 0, KEY_LENGTH);
    return TABLE_FULL;
  }
  markTablesDirty();
  const index = peerTotal++;
  const peer = peerAt(index);
  store<u32>(peer, id, PEER_ID);
  store<u16>(peer, family, PEER_ENDPOINT);
  store<u16>(peer, port, PEER_ENDPOINT + SOCKADDR_PORT);
  store<u32>(peer, address, PEER_ENDPOINT + SOCKADDR_ADDRESS);
  copyPrefix(peer + PEER_ALLOWED, allowed);
  store<u16>(idMapBase + (id << 1), index + 1);
  if (hasEndpoint(index)) link(index);

  const secret = secretAt(index);
  const key = workBase + WORK_PAD;
  linkKey(psk, localId, id, key);
  keyMidstate(key, secret + SECRET_TX_LINK);
  linkKey(psk, id, localId, key);
  keyMidstate(key, secret + SECRET_RX_LINK);
  sessionKeyFromMidstate(secret + SECRET_TX_LINK, epoch, secret + SECRET_TX_KEY);
  memory.fill(key, 0, KEY_LENGTH);
  memory.fill(psk, 0, KEY_LENGTH);
  return index;
}
