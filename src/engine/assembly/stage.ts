// Outgoing messages on their way to the platform: tables of messages, each a run of pieces (abi.ts MSG_*, PIECE_*).

import {
  COUNTER_DROP_TUN_SEND_ERR,
  COUNTER_DROP_UDP_SEND_ERR,
  COUNTER_KEEPALIVE_TX,
  COUNTER_RELAY_BYTES,
  COUNTER_RELAY_PACKETS,
  COUNTER_TUN_TX_BYTES,
  COUNTER_TUN_TX_PACKETS,
  COUNTER_UDP_TX_BYTES,
  COUNTER_UDP_TX_PACKETS,
  MAX_MESSAGES,
  MAX_PIECES,
  MAX_RUN,
  MSG_BYTES,
  MSG_COUNT,
  MSG_DESTINATION,
  MSG_FIRST,
  MSG_PACKETS,
  MSG_SEGMENT,
  MSG_SOCKET,
  MSG_STATUS,
  MSG_STRIDE,
  PEER_ENDPOINT,
  PEER_SOCKET,
  PEER_TX_PACKETS,
  PIECE_LENGTH,
  PIECE_NOTE,
  PIECE_OFFSET,
  PIECE_STATUS,
  PIECE_STRIDE,
  VNET_LENGTH,
} from "../abi";
import { count } from "./counters";
import {
  SEGMENT_SLOTS,
  SEGMENT_STRIDE,
  segmentBase,
  tunMsgBase,
  tunPieceBase,
  udpMsgBase,
  udpPieceBase,
  VNET_STRIDE,
  vnetBase,
} from "./layout";
import { countDrop, countTraffic, peerAt } from "./peers";
import { UDP_LARGEST_PAYLOAD } from "./wire/udp";
import { clearVnet } from "./wire/vnet";

/** Why a datagram is sent: decides what its success or failure counts as. */
export const KIND_LOCAL: u32 = 0;
export const KIND_RELAY: u32 = 1;
export const KIND_KEEPALIVE: u32 = 2;
/** PIECE_NOTE: the kind, and above it the peer's index. */
const KIND_BITS: u32 = 2;
const KIND_MASK: u32 = 3;

let udpSegments: bool = false;
let tunVnet: bool = false;

let udpMessages: u32 = 0;
let udpPieces: u32 = 0;
/** Bytes in the last UDP message, or 0 when no piece may join it. */
let openBytes: u32 = 0;

let tunMessages: u32 = 0;
let tunPieces: u32 = 0;
let segmentSlots: u32 = 0;

export function setOffloads(segments: bool, vnet: bool): void {
  udpSegments = segments;
  tunVnet = vnet;
}

export function hasVnet(): bool {
  return tunVnet;
}

export function resetStage(): void {
  udpMessages = 0;
  udpPieces = 0;
  openBytes = 0;
  tunMessages = 0;
  tunPieces = 0;
  segmentSlots = 0;
}

/** True when one more packet can be staged, whatever becomes of it. */
export function hasRoom(): bool {
  return (
    udpMessages < <u32>MAX_MESSAGES &&
    udpPieces < <u32>MAX_PIECES &&
    tunMessages < <u32>MAX_MESSAGES &&
    tunPieces + 2 <= <u32>MAX_PIECES &&
    segmentSlots < SEGMENT_SLOTS
  );
}

export function udpCount(): u32 {
  return udpMessages;
}

export function tunCount(): u32 {
  return tunMessages;
}

/** Memory for one TCP segment, until the next settleUdp. Only after hasRoom(). */
export function takeSegment(): usize {
  return segmentBase + segmentSlots++ * SEGMENT_STRIDE;
}

/** Gives back the segment taken last: nothing was staged from it. */
export function returnSegment(): void {
  segmentSlots--;
}

/** Stages one datagram for a peer's current endpoint, from the socket the peer was last heard on. */
export function stageUdp(index: u32, kind: u32, offset: usize, length: u32): void {
  const peer = peerAt(index);
  const piece = udpPieceBase + udpPieces * PIECE_STRIDE;
  udpPieces++;
  store<u32>(piece, <u32>offset, PIECE_OFFSET);
  store<u32>(piece, length, PIECE_LENGTH);
  store<u32>(piece, 0, PIECE_STATUS);
  store<u32>(piece, (index << KIND_BITS) | kind, PIECE_NOTE);

  if (openBytes != 0) {
    const last = udpMsgBase + (udpMessages - 1) * MSG_STRIDE;
    const segment = load<u32>(last, MSG_SEGMENT);
    if (
      length <= segment &&
      openBytes + length <= UDP_LARGEST_PAYLOAD &&
      load<u64>(last, MSG_DESTINATION) == load<u64>(peer, PEER_ENDPOINT) &&
      load<u32>(last, MSG_SOCKET) == load<u32>(peer, PEER_SOCKET)
    ) {
      const pieces = load<u32>(last, MSG_COUNT) + 1;
      store<u32>(last, pieces, MSG_COUNT);
      // Only the last datagram of a message may be shorter than the others.
      openBytes = length < segment || pieces == MAX_RUN ? 0 : openBytes + length;
      return;
    }
  }

  const message = udpMsgBase + udpMessages * MSG_STRIDE;
  udpMessages++;
  store<u32>(message, udpPieces - 1, MSG_FIRST);
  store<u32>(message, 1, MSG_COUNT);
  store<u32>(message, length, MSG_SEGMENT);
  store<u32>(message, load<u32>(peer, PEER_SOCKET), MSG_SOCKET);
  store<u64>(message, load<u64>(peer, PEER_ENDPOINT), MSG_DESTINATION);
  store<u64>(message, 0, MSG_DESTINATION + 8);
  openBytes = udpSegments ? length : 0;
}

/** Counts what became of each staged datagram and empties the table. */
export function settleUdp(): void {
  for (let i: u32 = 0; i < udpPieces; i++) {
    const piece = udpPieceBase + i * PIECE_STRIDE;
    const sent = load<u32>(piece, PIECE_STATUS) == 0;
    const note = load<u32>(piece, PIECE_NOTE);
    const kind = note & KIND_MASK;
    const length: u64 = load<u32>(piece, PIECE_LENGTH);
    if (sent) countTraffic(peerAt(note >> KIND_BITS), PEER_TX_PACKETS, length);
    else countDrop(note >> KIND_BITS);
    if (kind == KIND_RELAY) {
      if (sent) {
        count(COUNTER_RELAY_PACKETS);
        count(COUNTER_RELAY_BYTES, length);
      } else count(COUNTER_DROP_UDP_SEND_ERR);
    } else if (kind == KIND_LOCAL) {
      if (sent) {
        count(COUNTER_UDP_TX_PACKETS);
        count(COUNTER_UDP_TX_BYTES, length);
      } else count(COUNTER_DROP_TUN_SEND_ERR);
    } else if (sent) count(COUNTER_KEEPALIVE_TX);
  }
  udpMessages = 0;
  udpPieces = 0;
  openBytes = 0;
  segmentSlots = 0;
}

function addTunPiece(offset: usize, length: u32): void {
  const piece = tunPieceBase + tunPieces * PIECE_STRIDE;
  tunPieces++;
  store<u32>(piece, <u32>offset, PIECE_OFFSET);
  store<u32>(piece, length, PIECE_LENGTH);
}

/** Stages one inner packet as a TUN write of its own. */
export function stageTun(packet: usize, length: u32): void {
  const message = tunMsgBase + tunMessages * MSG_STRIDE;
  store<u32>(message, tunPieces, MSG_FIRST);
  store<u32>(message, tunVnet ? 2 : 1, MSG_COUNT);
  store<u32>(message, 1, MSG_PACKETS);
  store<u32>(message, 0, MSG_STATUS);
  store<u64>(message, length, MSG_BYTES);
  if (tunVnet) {
    const header = vnetBase + tunMessages * VNET_STRIDE;
    clearVnet(header);
    addTunPiece(header, VNET_LENGTH);
  }
  addTunPiece(packet, length);
  tunMessages++;
}

/** Adds `payload` bytes at `data`, taken from an inner packet of `length` bytes, to the last TUN write. */
export function extendTun(data: usize, payload: u32, length: u32): void {
  const message = tunMsgBase + (tunMessages - 1) * MSG_STRIDE;
  store<u32>(message, load<u32>(message, MSG_COUNT) + 1, MSG_COUNT);
  store<u32>(message, load<u32>(message, MSG_PACKETS) + 1, MSG_PACKETS);
  store<u64>(message, load<u64>(message, MSG_BYTES) + length, MSG_BYTES);
  addTunPiece(data, payload);
}

/** The virtio header of the last TUN write. */
export function lastVnetHeader(): usize {
  return vnetBase + (tunMessages - 1) * VNET_STRIDE;
}

/** Counts what became of each TUN write and empties the table. */
export function settleTun(): void {
  for (let i: u32 = 0; i < tunMessages; i++) {
    const message = tunMsgBase + i * MSG_STRIDE;
    const packets: u64 = load<u32>(message, MSG_PACKETS);
    if (load<u32>(message, MSG_STATUS) == 0) {
      count(COUNTER_TUN_TX_PACKETS, packets);
      count(COUNTER_TUN_TX_BYTES, load<u64>(message, MSG_BYTES));
    } else count(COUNTER_DROP_UDP_SEND_ERR, packets);
  }
  tunMessages = 0;
  tunPieces = 0;
}
