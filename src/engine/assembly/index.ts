// The engine's exports: see ../exports.ts for what each one means to the host.

import {
  ABI_VERSION,
  BATCH_DONE,
  BATCH_MORE,
  MAX_MESH_ID,
  NO_ALARM,
  PEER_EPOCH,
  PEER_LAST_SEEN,
  TABLE_FULL,
} from "../abi";
import { alarmTimeout, setAlarm } from "./alarm";
import { wallNs } from "./clock";
import { beginGroup, endGroup } from "./coalesce";
import { wipe as wipeCipher } from "./crypto/aead";
import { sessionKeyFromMidstate } from "./crypto/kdf";
import { localEpoch, takeEpoch, renewEpoch as takeNewEpoch, watchClock } from "./epoch";
import { writeDecimal } from "./format";
import { keepaliveTick, keepaliveTimeout, startKeepalive, stopKeepalive } from "./keepalive";
import { clearTables, layOut, regionBase, ruleCapacity } from "./layout";
import { findNews, newsDue, tellNews } from "./news";
import { localId, setIdentity } from "./node";
import {
  addPeerRecord,
  addSourceOf,
  learnEndpoint,
  peerAt,
  peerById,
  peerTotal,
  resetPeers,
  secretAt,
  setFamily,
} from "./peers";
import {
  activeRules,
  appendRule,
  beginTable,
  commitTable,
  keepFrom,
  lookUpKeys,
  resetPolicy,
  ruleTotal,
  setSourceMatching,
  stageFrom,
} from "./policy";
import { isPrefix, keyOfPrefix } from "./prefix";
import { beginUdpBatch, runUdpBatch } from "./receive";
import { SECRET_RX_KEY, SECRET_RX_LINK, SECRET_WINDOW } from "./records";
import { resetWindow } from "./replay";
import { beginTunBatch, runTunBatch } from "./send";
import { resetStage, setOffloads, settleTun, settleUdp, tunCount, udpCount } from "./stage";
import { refillTrials, resetTrials } from "./trials";

export { deriveLinkKey, deriveSessionKey, maskHeader, openDatagram, sealDatagram } from "./codec";

const NS_PER_S: u64 = 1000000000;

/** True while the unfinished batch is one of UDP datagrams. */
let udpRunning: bool = false;

export function abiVersion(): i32 {
  return ABI_VERSION;
}

export function init(maxPeers: u32, maxRules: u32, rxBuffers: u32, replayWindow: u32): usize {
  resetPeers();
  resetPolicy();
  resetStage();
  stopKeepalive();
  setAlarm(<u32>NO_ALARM);
  resetTrials();
  return layOut(maxPeers, maxRules, rxBuffers, replayWindow);
}

export function region(id: i32): usize {
  return regionBase(id, activeRules());
}

export function setNode(id: u32, obfuscate: i32): void {
  setIdentity(id, obfuscate != 0);
}

export function setPlatform(udpSegments: i32, tunVnet: i32, family: u32): void {
  setOffloads(udpSegments != 0, tunVnet != 0);
  setFamily(family);
}

export function startEpoch(): i32 {
  return takeEpoch();
}

export function renewEpoch(): void {
  takeNewEpoch();
}

export function addPeer(id: u32, psk: usize, address: u32, port: u32, allowed: usize): i32 {
  if (id == 0 || id > <u32>MAX_MESH_ID || !isPrefix(allowed)) return TABLE_FULL;
  return addPeerRecord(localId, localEpoch, id, psk, address, port, allowed);
}

export function addSource(peer: u32, prefix: usize): i32 {
  return peer < peerTotal && isPrefix(prefix) ? addSourceOf(peer, prefix) : TABLE_FULL;
}

export function setEndpoint(peer: u32, address: u32, port: u32): void {
  if (peer < peerTotal) learnEndpoint(peer, address, port);
}

export function setKeepalive(seconds: u32, peer: u32): void {
  if (peer < peerTotal) startKeepalive(seconds, peer);
}

export function addRule(rule: usize): i32 {
  return appendRule(rule);
}

export function peerCount(): u32 {
  return peerTotal;
}

export function ruleCount(): u32 {
  return ruleTotal;
}

export function ruleLimit(): u32 {
  return ruleCapacity;
}

export function findPeer(id: u32): i32 {
  return peerById(id);
}

export function setMatchSrc(on: i32): void {
  setSourceMatching(on != 0);
}

export function beginRules(): void {
  beginTable();
}

export function stageRules(from: u32, count: u32): i32 {
  return stageFrom(from, count);
}

export function keepRules(from: u32, count: u32, match: usize, source: i32): u32 {
  return keepFrom(from, count, match, source != 0);
}

export function commitRules(): void {
  commitTable();
}

export function matchRule(destination: usize, source: usize): i32 {
  return lookUpKeys(keyOfPrefix(destination), keyOfPrefix(source));
}

export function wipe(): void {
  clearTables();
  wipeCipher();
  resetPeers();
  resetPolicy();
  resetStage();
  stopKeepalive();
  setAlarm(<u32>NO_ALARM);
}

export function tick(): void {
  watchClock();
  keepaliveTick();
}

export function timeout(): i32 {
  watchClock();
  // -1, none, is the largest of them without a sign.
  return <i32>min<u32>(<u32>keepaliveTimeout(), <u32>alarmTimeout());
}

export function wakeAt(second: u32): void {
  setAlarm(second);
}

export function beginDrain(): void {
  watchClock();
  refillTrials();
}

function runBatch(): i32 {
  beginGroup();
  const done = udpRunning ? runUdpBatch() : runTunBatch();
  endGroup();
  return done ? BATCH_DONE : BATCH_MORE;
}

export function udpBatch(socket: u32, buffers: u32): i32 {
  watchClock();
  udpRunning = true;
  beginUdpBatch(socket, buffers);
  return runBatch();
}

export function tunBatch(packets: u32): i32 {
  watchClock();
  udpRunning = false;
  beginTunBatch(packets);
  return runBatch();
}

export function resume(): i32 {
  return runBatch();
}

export function udpStaged(): u32 {
  return udpCount();
}

export function udpSettle(): void {
  settleUdp();
}

export function tunStaged(): u32 {
  return tunCount();
}

export function tunSettle(): void {
  settleTun();
}

export function formatU64(offset: usize, out: usize): u32 {
  return writeDecimal(load<u64>(offset), out);
}

export function peerAge(peer: u32): i32 {
  const seen = load<u64>(peerAt(peer), PEER_LAST_SEEN);
  if (seen == 0) return -1;
  const now = wallNs();
  if (now <= seen) return 0;
  return <i32>min<u64>((now - seen) / NS_PER_S, i32.MAX_VALUE);
}

export function peerNews(first: u32, end: u32): i32 {
  return findNews(first, end);
}

export function takeNews(peer: u32, out: usize): u32 {
  return tellNews(peer, out);
}

export function newsTimeout(): i32 {
  return newsDue();
}

export function preloadEpoch(index: u32, epoch: usize): void {
  const secret = secretAt(index);
  const value = load<u64>(epoch);
  store<u64>(peerAt(index), value, PEER_EPOCH);
  sessionKeyFromMidstate(secret + SECRET_RX_LINK, value, secret + SECRET_RX_KEY);
  resetWindow(index, secret + SECRET_WINDOW);
}
