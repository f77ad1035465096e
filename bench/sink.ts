// The far end of a load: receives what the hub relays to a spoke, counts it, and opens samples of it for real.
//
//   node sink.js <spoke's configuration> <seconds>
//
// Prints "delivered=<packets> sampled=<packets> opened=<packets>". Opening everything would cost as much as the hub's
// work and make this end the bottleneck.

import {
  COUNTER_TUN_TX_PACKETS,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_RXD,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_STRIDE,
} from "../src/engine/abi.ts";
import { openLoadSpoke } from "./load-spoke.ts";

const SAMPLE_EVERY = 64;
const WAIT_MS = 100;

const [configPath, secondsText] = process.argv.slice(2) as [string, string];
const { engine, sys } = openLoadSpoke(configPath);
const { call } = engine;
const memory = new DataView(engine.u8.buffer);
const descriptors = call.region(REGION_RXD);
let delivered = 0;
let sampled = 0;
let batches = 0;

function datagramsIn(buffers: number): number {
  let count = 0;
  for (let i = 0; i < buffers; i++) {
    const at = descriptors + i * RXD_STRIDE;
    count += Math.ceil(memory.getUint32(at + RXD_LENGTH, true) / memory.getUint32(at + RXD_SEGMENT, true));
  }
  return count;
}

/** Opens the first datagram of the first buffer through the whole receive path. */
function openSample(): void {
  memory.setUint32(descriptors + RXD_LENGTH, memory.getUint32(descriptors + RXD_SEGMENT, true), true);
  sys.clock(call.region(REGION_CLOCK));
  call.beginDrain();
  call.udpBatch(0, 1);
  call.udpSettle();
  call.tunSettle();
  sampled++;
}

console.log("listening");
const end = performance.now() + Number(secondsText) * 1000;
while (performance.now() < end) {
  sys.wait(WAIT_MS);
  for (let buffers = sys.udpReceive(0); buffers > 0; buffers = sys.udpReceive(0)) {
    delivered += datagramsIn(buffers);
    if (batches++ % SAMPLE_EVERY === 0) openSample();
  }
}
const opened = memory.getBigUint64(call.region(REGION_COUNTERS) + COUNTER_TUN_TX_PACKETS * 8, true);
console.log(`delivered=${delivered} sampled=${sampled} opened=${opened}`);
sys.closeAll();
process.exit(0);
