// Sending what the TUN brings: the tests of wire-protocol.md §8, in their order.

import {
  ACTION_FORWARD,
  COUNTER_DROP_TUN_DROP_RULE,
  COUNTER_DROP_TUN_LOCAL_LOOP,
  COUNTER_DROP_TUN_NO_ROUTE,
  COUNTER_DROP_TUN_NOT_IPV4,
  COUNTER_DROP_TUN_OVERSIZED,
  COUNTER_DROP_TUN_SEND_ERR,
  COUNTER_DROP_TUN_UNKNOWN_ENDPOINT,
  COUNTER_DROP_TUN_UNKNOWN_TARGET,
  COUNTER_TUN_RX_BYTES,
  COUNTER_TUN_RX_PACKETS,
  HEADER_LENGTH,
  MAX_PLAINTEXT,
  MAX_TUN_PACKETS,
  RULE_ACTION,
  RULE_TARGET,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
} from "../abi";
import { count } from "./counters";
import { tundBase } from "./layout";
import { countDrop, hasEndpoint, peerById } from "./peers";
import { lookUpPacket, ruleAt } from "./policy";
import { sealAndStage } from "./seal";
import {
  beginSegments,
  completeChecksum,
  isSuperPacket,
  segmentCount,
  segmentLength,
  skipSegment,
  writeSegment,
} from "./segment";
import { hasRoom, hasVnet, KIND_LOCAL, returnSegment, takeSegment } from "./stage";
import { isCarried } from "./wire/ip";

/** Tests 1–5 of §8: index of the peer a local packet goes to, or minus the counter of the failing test. */
function routeLocal(packet: usize, length: u32): i32 {
  if (!isCarried(packet, length)) return -COUNTER_DROP_TUN_NOT_IPV4;
  const index = lookUpPacket(packet);
  if (index < 0) return -COUNTER_DROP_TUN_NO_ROUTE;
  const rule = ruleAt(index);
  if (load<u32>(rule, RULE_ACTION) != ACTION_FORWARD) return -COUNTER_DROP_TUN_DROP_RULE;
  const target = load<u32>(rule, RULE_TARGET);
  if (target == 0) return -COUNTER_DROP_TUN_LOCAL_LOOP;
  const peer = peerById(target);
  if (peer < 0) return -COUNTER_DROP_TUN_UNKNOWN_TARGET;
  return hasEndpoint(peer) ? peer : -COUNTER_DROP_TUN_UNKNOWN_ENDPOINT;
}

/** Tests 1–6 of §8 on a packet of `length` bytes; true when it is to be sealed for `peer`. */
function admit(peer: i32, length: u32): bool {
  count(COUNTER_TUN_RX_PACKETS);
  count(COUNTER_TUN_RX_BYTES, length);
  if (peer < 0) {
    count(-peer);
    return false;
  }
  if (length > <u32>MAX_PLAINTEXT) {
    count(COUNTER_DROP_TUN_OVERSIZED);
    countDrop(peer);
    return false;
  }
  return true;
}

function sealLocal(peer: u32, packet: usize, length: u32): bool {
  if (sealAndStage(peer, KIND_LOCAL, 0, packet - HEADER_LENGTH, length)) return true;
  count(COUNTER_DROP_TUN_SEND_ERR);
  countDrop(peer);
  return false;
}

/** Cuts the next segment of the super-packet in hand and seals it for `peer`. */
function sendSegment(peer: i32): void {
  const length = segmentLength();
  if (!admit(peer, length)) {
    skipSegment();
    return;
  }
  const packet = takeSegment() + HEADER_LENGTH;
  writeSegment(packet);
  if (!sealLocal(peer, packet, length)) returnSegment();
}

let batch: u32 = 0;
let next: u32 = 0;
/** Segments left of the super-packet at `next`, and the peer it goes to. */
let segmentsLeft: u32 = 0;
let segmentPeer: i32 = 0;

export function beginTunBatch(packets: u32): void {
  batch = min<u32>(packets, MAX_TUN_PACKETS);
  next = 0;
  segmentsLeft = 0;
}

/** Handles packets until the batch is done (true) or the tables are full (false). */
export function runTunBatch(): bool {
  while (next < batch) {
    const descriptor = tundBase + next * TUND_STRIDE;
    const packet: usize = load<u32>(descriptor, TUND_OFFSET);
    const length = load<u32>(descriptor, TUND_LENGTH);
    if (segmentsLeft == 0) {
      if (!hasRoom()) return false;
      if (hasVnet()) {
        if (isSuperPacket(packet)) {
          if (!beginSegments(packet, length)) {
            // Not something this device was asked to hand over: too large to send in one piece.
            count(COUNTER_TUN_RX_PACKETS);
            count(COUNTER_TUN_RX_BYTES, length);
            count(COUNTER_DROP_TUN_OVERSIZED);
            next++;
            continue;
          }
          segmentsLeft = segmentCount();
          segmentPeer = routeLocal(packet, length);
          continue;
        }
        completeChecksum(packet, length);
      }
      const peer = routeLocal(packet, length);
      if (admit(peer, length)) sealLocal(peer, packet, length);
      next++;
      continue;
    }
    while (segmentsLeft != 0) {
      if (!hasRoom()) return false;
      sendSegment(segmentPeer);
      segmentsLeft--;
    }
    next++;
  }
  return true;
}
