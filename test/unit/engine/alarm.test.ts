// The alarm beside the keepalives: how long the host may wait, and when its turn has come.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as abi from "../../../src/engine/abi.ts";
import { EngineNode } from "../../support/engine/engine-node.ts";

const WALL = 1_800_000_000_000_000_000n;
const NS_PER_MS = 1_000_000n;

const node = new EngineNode({ variant: "simd", localId: 1, obfuscate: false, epoch: WALL });
const { call } = node.engine;

/** The monotonic clock shows `ms`. */
function at(ms: number): void {
  node.setClock(WALL, BigInt(ms) * NS_PER_MS);
}

function setUp(): void {
  assert.equal(call.init(1, 16, abi.DEFAULT_RX_BUFFERS), 0);
  at(100_000);
  call.setNode(1, 0);
}

test("no alarm, no end of the wait", () => {
  setUp();
  assert.equal(call.timeout(), -1);
  call.wakeAt(abi.NO_ALARM);
  assert.equal(call.timeout(), -1);
});

test("milliseconds to the alarm's second, 0 from then on until it is set anew", () => {
  setUp();
  call.wakeAt(103);
  assert.equal(call.timeout(), 3000);
  at(102_001);
  assert.equal(call.timeout(), 999);
  at(103_000);
  assert.equal(call.timeout(), 0);
  at(200_005);
  assert.equal(call.timeout(), 0);
  call.wakeAt(abi.NO_ALARM);
  assert.equal(call.timeout(), -1);
});

test("the sooner of the alarm and a keepalive", () => {
  setUp();
  call.setPlatform(0, 0, 2);
  assert.equal(call.startEpoch(), 0);
  const endpoint = { address: 0x0a000001, port: 18020 };
  node.addPeer({ id: 2, psk: new Uint8Array(32).fill(1), endpoint, allowed: 0, allowedBits: 0 });
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
  at(100_000);
  assert.equal(call.timeout(), -1);
  call.wakeAt(101);
  call.wipe();
  assert.equal(call.timeout(), -1);
});
