// What the Node platform promises beyond the compliance suite: coalescing, and memory that stays where it is.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { READY_UDP } from "../../src/core/sys.ts";
import { REGION_RXD, RXD_LENGTH, RXD_SEGMENT } from "../../src/engine/abi.ts";
import { loadEngine } from "../../src/engine/load.ts";
import { closeFile } from "../../src/platform/nodejs/files.ts";
import { addressOf } from "../../src/platform/nodejs/libc.ts";
import { SO_RCVBUF, SO_RCVBUFFORCE } from "../../src/platform/nodejs/linux/constants.ts";
import { raiseBufferSize, socketOption } from "../../src/platform/nodejs/linux/socket-option.ts";
import { openUdpSocket } from "../../src/platform/nodejs/linux/udp-socket.ts";
import { NodejsSys } from "../../src/platform/nodejs/sys.ts";
import { receive, Stage } from "../support/platform/staging.ts";

const PORT = 41_600;
const TO = { address: "127.0.0.1", port: PORT };
const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });
assert.equal(sys.udpOpen(PORT), 0);
after(() => sys.closeAll());

const datagrams = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => new Uint8Array(length).fill(i));

test("datagrams of one message cross as one and arrive in one buffer", (t) => {
  if (sys.udpSegments() === 0) return t.skip("this kernel has no UDP_SEGMENT");
  const stage = new Stage(engine);
  stage.udp(sys, TO, datagrams(40, 1000));
  sys.udpSend(1);
  while ((sys.wait(100) & READY_UDP) === 0);
  assert.equal(sys.udpReceive(0), 1);
  const at = engine.call.region(REGION_RXD) >> 2;
  assert.equal(engine.u32[at + (RXD_LENGTH >> 2)], 40_000);
  assert.equal(engine.u32[at + (RXD_SEGMENT >> 2)], 1000);
});

test("a refused message of several datagrams reports each of them", () => {
  const stage = new Stage(engine);
  const first = stage.udp(sys, { address: "255.255.255.255", port: PORT }, datagrams(3, 100));
  const second = stage.udp(sys, TO, datagrams(3, 100));
  sys.udpSend(2);
  assert.ok([0, 1, 2].every((i) => stage.status(first + i) > 0));
  assert.ok([0, 1, 2].every((i) => stage.status(second + i) === 0));
  assert.equal(receive(sys, engine, 3).length, 3);
});

test("a message to a socket that does not exist fails without harm to the others", () => {
  const stage = new Stage(engine);
  const lost = stage.udp(sys, TO, datagrams(1, 50), 5);
  const sent = stage.udp(sys, TO, datagrams(1, 50));
  sys.udpSend(2);
  assert.ok(stage.status(lost) > 0);
  assert.equal(stage.status(sent), 0);
  assert.equal(receive(sys, engine, 1).length, 1);
});

test("a buffer that the operator has made larger stays so", () => {
  const fd = openUdpSocket(PORT + 1);
  try {
    const before = socketOption(fd, SO_RCVBUF);
    raiseBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, 4096);
    assert.equal(socketOption(fd, SO_RCVBUF), before);
  } finally {
    closeFile(fd);
  }
});

test("engine memory keeps its address through garbage collections", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const before = addressOf(engine.u8);
  for (let round = 0; round < 5; round++) {
    const garbage = Array.from({ length: 200 }, () => new Uint8Array(100_000));
    assert.equal(garbage.length, 200);
    gc();
    assert.equal(addressOf(engine.u8), before);
    const stage = new Stage(engine);
    for (const datagram of datagrams(10, 700)) stage.udp(sys, TO, [datagram]);
    sys.udpSend(10);
    const received = receive(sys, engine, 10);
    assert.ok(received.every(({ data }, i) => data.length === 700 && data.every((byte) => byte === i)));
  }
});
