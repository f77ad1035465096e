// Load: seals inner UDP packets as a spoke and sends them to its hub as fast as the kernel takes them.
//
//   node blaster.js <spoke's configuration> <inner source> <inner destination> <inner length> <seconds>
//
// Every datagram is genuine: its own sequence number, freshly sealed. Prints "offered=<packets>", those that the
// kernel took.

import {
  BATCH_MORE,
  COUNTER_UDP_TX_PACKETS,
  MAX_TUN_PACKETS,
  REGION_COUNTERS,
  REGION_TUN_ARENA,
  REGION_TUND,
  TUN_HEADROOM,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
} from "../src/engine/abi.ts";
import { openLoadSpoke } from "./load-spoke.ts";

const UDP = 17;
const DISCARD_PORT = 9;
const CLOCK_EVERY = 16;

const [configPath, source, destination, lengthText, secondsText] = process.argv.slice(2) as string[];
const length = Number(lengthText);
const { engine, sys } = openLoadSpoke(configPath!);
const { call, u8 } = engine;
const memory = new DataView(u8.buffer);
const template = new Uint8Array(length);

function writeTemplate(): void {
  const view = new DataView(template.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, length);
  view.setUint8(8, 64);
  view.setUint8(9, UDP);
  template.set(source!.split(".").map(Number), 12);
  template.set(destination!.split(".").map(Number), 16);
  view.setUint16(20, DISCARD_PORT);
  view.setUint16(22, DISCARD_PORT);
  view.setUint16(24, length - 20);
  for (let i = 28; i < length; i++) template[i] = i;
}

/** Sealing works in place, so the plaintext has to be laid out again for every batch. */
function fillArena(): void {
  const arena = call.region(REGION_TUN_ARENA);
  const descriptors = call.region(REGION_TUND);
  for (let i = 0; i < MAX_TUN_PACKETS; i++) {
    const at = arena + i * (TUN_HEADROOM + length + TUN_TAILROOM) + TUN_HEADROOM;
    u8.set(template, at);
    memory.setUint32(descriptors + i * TUND_STRIDE + TUND_OFFSET, at, true);
    memory.setUint32(descriptors + i * TUND_STRIDE + TUND_LENGTH, length, true);
  }
}

function flush(): void {
  sys.udpSend(call.udpStaged());
  call.udpSettle();
}

writeTemplate();
const end = performance.now() + Number(secondsText) * 1000;
while (performance.now() < end) {
  for (let i = 0; i < CLOCK_EVERY; i++) {
    fillArena();
    for (let state = call.tunBatch(MAX_TUN_PACKETS); ; state = call.resume()) {
      flush();
      if (state !== BATCH_MORE) break;
    }
  }
}
const taken = call.region(REGION_COUNTERS) + COUNTER_UDP_TX_PACKETS * 8;
console.log(`offered=${memory.getBigUint64(taken, true)}`);
sys.closeAll();
process.exit(0);
