// Where everything lies in memory. Laid out once by init; nothing is allocated afterwards.
//
// Small tables come first, then the keys, then the packet buffers: a run past the end of a packet buffer can
// only meet other packets.

import {
  COUNTER_COUNT,
  MAX_MESSAGES,
  MAX_PIECES,
  MAX_TUN_PACKETS,
  MIN_REPLAY_WINDOW,
  MSG_STRIDE,
  PEER_STRIDE,
  PIECE_STRIDE,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_KEYS,
  REGION_PEERS,
  REGION_RULES,
  REGION_RX,
  REGION_RXD,
  REGION_SCRATCH,
  REGION_SEED,
  REGION_SOURCES,
  REGION_STAGED,
  REGION_SYS,
  REGION_TUN_ARENA,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  REGION_TUND,
  REGION_UDP_MSG,
  REGION_UDP_PIECE,
  RULE_STRIDE,
  RX_STRIDE,
  RXD_STRIDE,
  SCRATCH_LENGTH,
  SEED_LENGTH,
  SOURCE_STRIDE,
  SYS_LENGTH,
  TUN_ARENA_LENGTH,
  TUND_STRIDE,
} from "../abi";
import { KEEPALIVE_STRIDE, SECRET_STRIDE } from "./records";

/** Work area, for what is in hand at one moment: it outlives no call of the engine but where it is written again. */
export const WORK_LENGTH: u32 = 192;
/** 64 bytes: a header pad, or a link key on its way to its midstate. */
export const WORK_PAD: usize = 0;
/** 64 bytes: a candidate session key (receive.ts). */
export const WORK_CANDIDATE: usize = 64;
/** 64 bytes: a link key's midstate (codec). */
export const WORK_MIDSTATE: usize = 128;
/** TCP segments cut from super-packets, and keepalives: room for header, packet and tag. */
export const SEGMENT_STRIDE: u32 = 1536;
export const SEGMENT_SLOTS: u32 = 128;
/** One virtio header per TUN message, padded. */
export const VNET_STRIDE: u32 = 16;
const ID_MAP_LENGTH: u32 = 65536 * 2;

export let peerCapacity: u32 = 0;
export let ruleCapacity: u32 = 0;
/** Bits in each peer's replay window. */
export let windowBits: u32 = MIN_REPLAY_WINDOW;
/** Slots of the endpoint index and of each policy index: powers of two, at most half full. */
export let endpointSlots: u32 = 0;
export let policySlots: u32 = 0;

export let clockBase: usize = 0;
export let seedBase: usize = 0;
export let scratchBase: usize = 0;
export let counterBase: usize = 0;
export let workBase: usize = 0;
export let peerBase: usize = 0;
export let sourceBase: usize = 0;
/** windowBits / 8 bytes for each peer, where the window of records.ts does not hold them. */
export let windowBase: usize = 0;
export let keepaliveBase: usize = 0;
/** u32 indices of the peers that get keepalives. */
export let keepaliveHeap: usize = 0;
export let idMapBase: usize = 0;
export let endpointBase: usize = 0;
export let policyBase: usize = 0;
export let policyStride: u32 = 0;
export let stagedBase: usize = 0;
export let secretBase: usize = 0;
export let udpMsgBase: usize = 0;
export let udpPieceBase: usize = 0;
export let tunMsgBase: usize = 0;
export let tunPieceBase: usize = 0;
export let vnetBase: usize = 0;
export let rxdBase: usize = 0;
export let tundBase: usize = 0;
export let segmentBase: usize = 0;
export let tunArenaBase: usize = 0;
export let rxBase: usize = 0;
export let sysBase: usize = 0;

let cursor: usize = 0;
let tablesEnd: usize = 0;
let tablesDirty: bool = false;

function take(length: usize): usize {
  const at = cursor;
  cursor = (at + length + 63) & ~63;
  return at;
}

function powerOfTwoAtLeast(n: u32): u32 {
  let power: u32 = 16;
  while (power < n) power <<= 1;
  return power;
}

/** Computes the layout and clears the tables. Returns 0, or the bytes needed when the memory is too small. */
export function layOut(maxPeers: u32, maxRules: u32, rxBuffers: u32, window: u32): usize {
  windowBits = max<u32>(window, MIN_REPLAY_WINDOW);
  peerCapacity = maxPeers;
  ruleCapacity = maxRules;
  endpointSlots = powerOfTwoAtLeast(maxPeers * 2);
  policySlots = powerOfTwoAtLeast(maxRules * 2);

  cursor = (__heap_base + 63) & ~63;
  clockBase = take(32);
  seedBase = take(SEED_LENGTH);
  // Beside the static data: what may hold a key while it is computed lies together.
  workBase = take(WORK_LENGTH);
  scratchBase = take(SCRATCH_LENGTH);
  sysBase = take(SYS_LENGTH);
  // Everything up to here keeps its place whatever the capacities are.
  counterBase = take(COUNTER_COUNT * 8);
  peerBase = take(maxPeers * PEER_STRIDE);
  sourceBase = take(maxPeers * SOURCE_STRIDE);
  windowBase = take(windowBits > <u32>MIN_REPLAY_WINDOW ? <usize>(maxPeers * (windowBits >> 3)) : 0);
  keepaliveBase = take(maxPeers * KEEPALIVE_STRIDE);
  keepaliveHeap = take(maxPeers * 4);
  idMapBase = take(ID_MAP_LENGTH);
  endpointBase = take(endpointSlots * 2);
  // The index by destination and the one by both, which is touched only where sources take part.
  policyStride = (maxRules * RULE_STRIDE + 2 * policySlots * 4 + 63) & ~63;
  policyBase = take(2 * policyStride);
  stagedBase = take(maxRules * RULE_STRIDE);
  secretBase = take(maxPeers * SECRET_STRIDE);
  const end = cursor;
  udpMsgBase = take(MAX_MESSAGES * MSG_STRIDE);
  udpPieceBase = take(MAX_PIECES * PIECE_STRIDE);
  tunMsgBase = take(MAX_MESSAGES * MSG_STRIDE);
  tunPieceBase = take(MAX_PIECES * PIECE_STRIDE);
  vnetBase = take(MAX_MESSAGES * VNET_STRIDE);
  rxdBase = take(rxBuffers * RXD_STRIDE);
  tundBase = take(MAX_TUN_PACKETS * TUND_STRIDE);
  segmentBase = take(SEGMENT_SLOTS * SEGMENT_STRIDE);
  tunArenaBase = take(TUN_ARENA_LENGTH);
  rxBase = take(rxBuffers * RX_STRIDE);
  if (cursor > (<usize>memory.size()) << 16) return cursor;

  // Fresh memory is zero already, and touching it would make it resident.
  if (tablesDirty) memory.fill(counterBase, 0, max(end, tablesEnd) - counterBase);
  tablesEnd = end;
  tablesDirty = false;
  return 0;
}

/** Remembers that the tables hold something that the next layOut must clear. */
export function markTablesDirty(): void {
  tablesDirty = true;
}

/** Overwrites counters, peers, rules, keys and what computing them left behind. */
export function clearTables(): void {
  memory.fill(workBase, 0, WORK_LENGTH);
  memory.fill(counterBase, 0, tablesEnd - counterBase);
}

/** Offset of a REGION_* other than REGION_RULES; 0 for an unknown one. */
export function regionBase(id: i32, activePolicy: usize): usize {
  switch (id) {
    case REGION_CLOCK:
      return clockBase;
    case REGION_SEED:
      return seedBase;
    case REGION_SCRATCH:
      return scratchBase;
    case REGION_COUNTERS:
      return counterBase;
    case REGION_PEERS:
      return peerBase;
    case REGION_RULES:
      return activePolicy;
    case REGION_RX:
      return rxBase;
    case REGION_RXD:
      return rxdBase;
    case REGION_TUN_ARENA:
      return tunArenaBase;
    case REGION_TUND:
      return tundBase;
    case REGION_UDP_MSG:
      return udpMsgBase;
    case REGION_UDP_PIECE:
      return udpPieceBase;
    case REGION_TUN_MSG:
      return tunMsgBase;
    case REGION_TUN_PIECE:
      return tunPieceBase;
    case REGION_SYS:
      return sysBase;
    case REGION_SOURCES:
      return sourceBase;
    case REGION_KEYS:
      return secretBase;
    case REGION_STAGED:
      return stagedBase;
    default:
      return 0;
  }
}
