// The alarm beside the keepalives: how long the host may wait, and when its turn has come.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";

const engine = loadEngine();
const { call } = engine;
const view = new DataView(engine.u8.buffer);
const NONE = 0xffffffff;

function setUp(): void {
  assert.equal(call.init(1, 16, abi.DEFAULT_RX_BUFFERS), 0);
  setClock(100, 0);
  call.setNode(1, 0);
}

/** The monotonic clock shows `seconds` and `ms`. */
function setClock(seconds: number, ms: number): void {
  const clock = call.region(abi.REGION_CLOCK);
  view.setBigUint64(clock, 1_800_000_000n, true);
  view.setBigUint64(clock + 8, 0n, true);
  view.setBigUint64(clock + 16, BigInt(seconds), true);
  view.setBigUint64(clock + 24, BigInt(ms) * 1_000_000n, true);
}

test("no alarm, no end of the wait", () => {
  setUp();
  assert.equal(call.timeout(), -1);
  call.wakeAt(NONE);
  assert.equal(call.timeout(), -1);
});

test("milliseconds to the alarm's second, 0 from then on until it is set anew", () => {
  setUp();
  call.wakeAt(103);
  assert.equal(call.timeout(), 3000);
  setClock(102, 1);
  assert.equal(call.timeout(), 999);
  setClock(103, 0);
  assert.equal(call.timeout(), 0);
  setClock(200, 5);
  assert.equal(call.timeout(), 0);
  call.wakeAt(NONE);
  assert.equal(call.timeout(), -1);
});

test("the sooner of the alarm and a keepalive", () => {
  setUp();
  const scratch = call.region(abi.REGION_SCRATCH);
  engine.u8.fill(1, scratch, scratch + 32);
  engine.u8.fill(0, scratch + 32, scratch + 40);
  call.setPlatform(0, 0, 2);
  assert.equal(call.startEpoch(), 0);
  call.addPeer(2, scratch, 0x0100000a, 0x6446, scratch + 32);
  call.setKeepalive(25, 0);
  call.tick();
  assert.equal(call.timeout(), 25_000);
  call.wakeAt(110);
  assert.equal(call.timeout(), 10_000);
  call.wakeAt(130);
  assert.equal(call.timeout(), 25_000);
});

test("a new set-up and a wipe forget it", () => {
  setUp();
  call.wakeAt(101);
  assert.equal(call.init(1, 16, abi.DEFAULT_RX_BUFFERS), 0);
  setClock(100, 0);
  assert.equal(call.timeout(), -1);
  call.wakeAt(101);
  call.wipe();
  assert.equal(call.timeout(), -1);
});
