// Receiving: the normative order of wire-protocol.md §9. Nothing an unauthenticated sender supplies may change
// receive state, and only an authentic, fresh, correctly sourced packet may move an endpoint.

import {
  ACTION_FORWARD,
  COUNTER_DROP_UDP_AUTH_OR_INVALID,
  COUNTER_DROP_UDP_DROP_RULE,
  COUNTER_DROP_UDP_NO_REFLECT,
  COUNTER_DROP_UDP_NO_ROUTE,
  COUNTER_DROP_UDP_NOT_IPV4,
  COUNTER_DROP_UDP_OVERSIZED,
  COUNTER_DROP_UDP_SCAN_BUDGET,
  COUNTER_DROP_UDP_SEND_ERR,
  COUNTER_DROP_UDP_SPOOF,
  COUNTER_DROP_UDP_UNKNOWN_ENDPOINT,
  COUNTER_DROP_UDP_UNKNOWN_PEER,
  COUNTER_DROP_UDP_UNKNOWN_TARGET,
  COUNTER_KEEPALIVE_RX,
  COUNTER_UDP_ENDPOINT_LEARNED,
  COUNTER_UDP_RX_BYTES,
  COUNTER_UDP_RX_PACKETS,
  HEADER_LENGTH,
  KEY_LENGTH,
  LIMIT_RX_BUFFERS,
  MAX_DATAGRAM,
  MAX_PLAINTEXT,
  OWN_TRIALS,
  PEER_ALLOWED,
  PEER_EPOCH,
  PEER_ID,
  PEER_LAST_SEEN,
  PEER_RX_PACKETS,
  PEER_SOCKET,
  RULE_ACTION,
  RULE_TARGET,
  RX_LENGTH,
  RX_STRIDE,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
  RXD_STRIDE,
  SOCKADDR_ADDRESS,
  SOCKADDR_PORT,
} from "../abi";
import { wallNs } from "./clock";
import { deliver } from "./coalesce";
import { count } from "./counters";
import { open } from "./crypto/aead";
import { sessionKeyFromMidstate } from "./crypto/kdf";
import { claim } from "./crypto/obfuscation";
import { rxBase, rxdBase, WORK_CANDIDATE, workBase } from "./layout";
import { obfuscating } from "./node";
import {
  countDrop,
  countTraffic,
  countUnclaimed,
  firstInSlot,
  hasEndpoint,
  isOtherSource,
  learnEndpoint,
  livesAt,
  markSeen,
  nextInSlot,
  peerAt,
  peerById,
  peerTotal,
  secretAt,
} from "./peers";
import { lookUpPacket, ruleAt } from "./policy";
import { contains } from "./prefix";
import { SECRET_RX_KEY, SECRET_RX_LINK, SECRET_WINDOW } from "./records";
import { acceptOnce, resetWindow } from "./replay";
import { sealAndStage } from "./seal";
import { hasRoom, KIND_RELAY } from "./stage";
import { grantScan, payTrials, refundTrials } from "./trials";
import { epochOf, headerIsValid, isKeepalive, keyIdOf, SMALLEST_DATAGRAM, seqOf } from "./wire/header";
import { isCarried, sourceOf } from "./wire/ip";

function trial(index: u32, datagram: usize, length: u32): bool {
  return claim(secretAt(index) + SECRET_RX_LINK, load<u32>(peerAt(index), PEER_ID), datagram, length);
}

/** Trials paid for the datagram in hand. */
let scanned: u32 = 0;

/**
 * Every peer but the first `tried` of those that live at the source. Index of the one that claims the datagram, or minus
 * the drop counter.
 */
function scan(datagram: usize, length: u32, address: u32, port: u32, tried: u32): i32 {
  let skip = tried;
  let made: u32 = 0;
  let found: i32 = -COUNTER_DROP_UDP_UNKNOWN_PEER;
  for (let i: u32 = 0; i < peerTotal; i++) {
    if (skip != 0 && livesAt(i, address, port)) {
      skip--;
      continue;
    }
    made++;
    if (!trial(i, datagram, length)) continue;
    found = i;
    break;
  }
  payTrials(made);
  scanned = made;
  return found;
}

/** `unclaimed` of the status: no key fits a datagram from where the first `tried` peers of a slot live. */
function noteUnclaimed(address: u32, port: u32, tried: u32): void {
  let left = tried;
  for (let i = firstInSlot(address, port); left != 0; i = nextInSlot(i)) {
    if (!livesAt(i, address, port)) continue;
    left--;
    countUnclaimed(i);
  }
}

/**
 * §10: index of the peer that claims the datagram (its header is then de-masked), or minus the drop counter. The peers
 * at the source's address come first and cost nothing, but only OWN_TRIALS of them: anyone can forge that address,
 * and behind it there may be many.
 */
function selectObfuscated(datagram: usize, length: u32, address: u32, port: u32, socket: u32): i32 {
  let tried: u32 = 0;
  scanned = 0;
  for (let i = firstInSlot(address, port); i >= 0 && tried < <u32>OWN_TRIALS; i = nextInSlot(i)) {
    if (!livesAt(i, address, port)) continue;
    tried++;
    if (trial(i, datagram, length)) return i;
  }
  const found = grantScan(socket, peerTotal - tried)
    ? scan(datagram, length, address, port, tried)
    : -COUNTER_DROP_UDP_SCAN_BUDGET;
  if (found < 0) noteUnclaimed(address, port, tried);
  return found;
}

/** §9 step 1. */
function selectPeer(datagram: usize, length: u32, address: u32, port: u32, socket: u32): i32 {
  if (obfuscating) {
    if (length < SMALLEST_DATAGRAM) return -COUNTER_DROP_UDP_AUTH_OR_INVALID;
    return selectObfuscated(datagram, length, address, port, socket);
  }
  if (length < <u32>HEADER_LENGTH) return -COUNTER_DROP_UDP_AUTH_OR_INVALID;
  const index = peerById(keyIdOf(datagram));
  return index < 0 ? -COUNTER_DROP_UDP_UNKNOWN_PEER : index;
}

/**
 * §9 steps 2–6: true when the datagram is authentic and fresh. Opens it in place. One that the key of the peer named
 * in it does not open counts as unclaimed when it comes from where that peer lives.
 */
function authenticate(index: u32, datagram: usize, length: u32, address: u32, port: u32): bool {
  if (!headerIsValid(datagram)) return false;
  const peer = peerAt(index);
  const secret = secretAt(index);
  const epoch = epochOf(datagram);
  const current = load<u64>(peer, PEER_EPOCH);
  if (epoch < current || length < SMALLEST_DATAGRAM) return false;
  const newer = epoch > current;
  let key = secret + SECRET_RX_KEY;
  if (newer) {
    key = workBase + WORK_CANDIDATE;
    sessionKeyFromMidstate(secret + SECRET_RX_LINK, epoch, key);
  }
  const seq = seqOf(datagram);
  if (!open(key, seq, datagram + HEADER_LENGTH, length - SMALLEST_DATAGRAM)) {
    if (livesAt(index, address, port)) countUnclaimed(index);
    return false;
  }
  if (newer) {
    memory.copy(secret + SECRET_RX_KEY, key, KEY_LENGTH);
    store<u64>(peer, epoch, PEER_EPOCH);
    resetWindow(index, secret + SECRET_WINDOW);
  }
  if (!acceptOnce(index, secret + SECRET_WINDOW, seq, peer)) {
    countDrop(index);
    return false;
  }
  countTraffic(peer, PEER_RX_PACKETS, length);
  return true;
}

function learn(index: u32, address: u32, port: u32): void {
  if (load<u64>(peerAt(index), PEER_LAST_SEEN) == 0) refundTrials(scanned);
  markSeen(index, wallNs());
  if (learnEndpoint(index, address, port)) count(COUNTER_UDP_ENDPOINT_LEARNED);
}

/** A packet of a peer's that goes no further. */
function drop(from: u32, counter: u32): void {
  count(counter);
  countDrop(from);
}

/** §9 step 9. */
function route(from: u32, datagram: usize, length: u32): void {
  const packet = datagram + HEADER_LENGTH;
  const index = lookUpPacket(packet);
  if (index < 0) return drop(from, COUNTER_DROP_UDP_NO_ROUTE);
  const rule = ruleAt(index);
  if (load<u32>(rule, RULE_ACTION) != ACTION_FORWARD) return drop(from, COUNTER_DROP_UDP_DROP_RULE);
  const target = load<u32>(rule, RULE_TARGET);
  if (target == 0) return deliver(packet, length);
  const to = peerById(target);
  if (to < 0) return drop(from, COUNTER_DROP_UDP_UNKNOWN_TARGET);
  if (to == <i32>from) return drop(from, COUNTER_DROP_UDP_NO_REFLECT);
  if (!hasEndpoint(to)) return drop(from, COUNTER_DROP_UDP_UNKNOWN_ENDPOINT);
  if (length > <u32>MAX_PLAINTEXT) return drop(from, COUNTER_DROP_UDP_OVERSIZED);
  if (!sealAndStage(to, KIND_RELAY, 0, datagram, length)) drop(to, COUNTER_DROP_UDP_SEND_ERR);
}

function receive(datagram: usize, size: u32, source: usize, socket: u32): void {
  count(COUNTER_UDP_RX_PACKETS);
  count(COUNTER_UDP_RX_BYTES, size);
  const length = min<u32>(size, MAX_DATAGRAM);
  const address = load<u32>(source, SOCKADDR_ADDRESS);
  const port: u32 = load<u16>(source, SOCKADDR_PORT);

  const index = selectPeer(datagram, length, address, port, socket);
  if (index < 0) return count(-index);
  if (!authenticate(index, datagram, length, address, port)) return count(COUNTER_DROP_UDP_AUTH_OR_INVALID);
  const peer = peerAt(index);
  store<u32>(peer, socket, PEER_SOCKET);
  if (isKeepalive(datagram)) {
    learn(index, address, port);
    return count(COUNTER_KEEPALIVE_RX);
  }
  const packet = datagram + HEADER_LENGTH;
  const inner = length - SMALLEST_DATAGRAM;
  if (!isCarried(packet, inner)) return drop(index, COUNTER_DROP_UDP_NOT_IPV4);
  const inside = sourceOf(packet);
  if (!contains(peer + PEER_ALLOWED, inside) && !isOtherSource(index, inside))
    return drop(index, COUNTER_DROP_UDP_SPOOF);
  learn(index, address, port);
  route(index, datagram, inner);
}

let batch: u32 = 0;
let socketIndex: u32 = 0;
let next: u32 = 0;
/** Where in buffer `next` the next coalesced datagram starts. */
let within: u32 = 0;

export function beginUdpBatch(socket: u32, buffers: u32): void {
  batch = min<u32>(buffers, LIMIT_RX_BUFFERS);
  socketIndex = socket;
  next = 0;
  within = 0;
}

/** Handles datagrams until the batch is done (true) or the tables are full (false). */
export function runUdpBatch(): bool {
  while (next < batch) {
    const descriptor = rxdBase + next * RXD_STRIDE;
    const total = min<u32>(load<u32>(descriptor, RXD_LENGTH), RX_LENGTH);
    const segment = load<u32>(descriptor, RXD_SEGMENT);
    do {
      if (!hasRoom()) return false;
      const left = total - within;
      const size = segment == 0 ? left : min<u32>(segment, left);
      receive(rxBase + next * RX_STRIDE + within, size, descriptor + RXD_SOURCE, socketIndex);
      within += size;
    } while (within < total);
    next++;
    within = 0;
  }
  return true;
}
