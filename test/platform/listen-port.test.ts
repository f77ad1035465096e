// Lanes: they send from the port of their listen socket, never receive, and are bounded in number.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { EADDRINUSE, errnoOf, MAX_LANES, READY_UDP } from "../../src/core/sys.ts";
import { loadEngine } from "../../src/engine/load.ts";
import { closeFile } from "../../src/platform/nodejs/files.ts";
import { ListenPort } from "../../src/platform/nodejs/linux/listen-port.ts";
import { openUdpSocket, udpPort } from "../../src/platform/nodejs/linux/udp-socket.ts";
import { NodejsSys } from "../../src/platform/nodejs/sys.ts";
import { batch, receive, Stage } from "../support/platform/staging.ts";

const PORT = 41_620;
const FAMILY = 2;
const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });
assert.equal(sys.udpOpen(PORT), 0);
after(() => sys.closeAll());

/** Datagrams waiting in all sockets bound to a port, in bytes per socket. */
function queues(port: number): number[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/udp", "utf8").split("\n").slice(1).filter(Boolean);
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter((field) => field[1]!.endsWith(suffix));
  return fields.map((field) => Number.parseInt(field[4]!.split(":")[1]!, 16));
}

/** A port of its own whose lanes serve `count` destinations. */
function congested(port: number, count: number): { listen: ListenPort; chosen: number[] } {
  const main = openUdpSocket(port);
  assert.ok(main >= 0);
  const listen = new ListenPort(main);
  listen.share(1);
  listen.congest();
  const chosen = Array.from({ length: count }, (_, i) =>
    listen.choose(FAMILY | (1000 << 16), 0x7f000001 + i),
  );
  return { listen, chosen };
}

test("without congestion every destination uses the listen socket", () => {
  const main = openUdpSocket(PORT + 1);
  const listen = new ListenPort(main);
  listen.share(1);
  listen.enter(1 << 30);
  assert.equal(listen.choose(FAMILY, 1), main);
  listen.closeAll();
});

test("while it is congested each destination keeps a lane of the same port, up to a limit", () => {
  const { listen, chosen } = congested(PORT + 2, MAX_LANES);
  assert.equal(new Set(chosen).size, MAX_LANES);
  assert.ok(chosen.every((fd) => fd !== listen.main && udpPort(fd) === PORT + 2));
  assert.equal(listen.choose(FAMILY | (1000 << 16), 0x7f000001), chosen[0]);
  for (let i = 0; i < 500; i++) assert.ok(chosen.includes(listen.choose(FAMILY, 0x0a000000 + i)));
  assert.equal(queues(PORT + 2).length, MAX_LANES + 1);
  // Nothing is owed: the destinations go back to the listen socket.
  for (let i = 0; i < 3 * MAX_LANES; i++) listen.enter(1);
  assert.equal(listen.busy, false);
  assert.equal(listen.choose(FAMILY | (1000 << 16), 0x7f000001), listen.main);
  listen.closeAll();
});

test("a port with lanes is taken: a second daemon gets EADDRINUSE", () => {
  const { listen } = congested(PORT + 3, 2);
  const second = openUdpSocket(PORT + 3);
  assert.equal(errnoOf(second), EADDRINUSE);
  listen.closeAll();
  const third = openUdpSocket(PORT + 3);
  assert.ok(third >= 0);
  closeFile(third);
});

test("no datagram ever lands in a lane while lanes come", async () => {
  const main = openUdpSocket(PORT + 4);
  const listen = new ListenPort(main);
  listen.share(1);
  const senders = Array.from({ length: 16 }, () => createSocket("udp4"));
  const rounds = 40;
  let sent = 0;
  for (let round = 0; round < rounds; round++) {
    const sending = senders.map(
      (socket) => new Promise((done) => socket.send("x", PORT + 4, "127.0.0.1", done)),
    );
    listen.congest();
    for (let i = 0; i < 2; i++) listen.choose(FAMILY, round * 2 + i);
    await Promise.all(sending);
    sent += senders.length;
  }
  const waiting = queues(PORT + 4).sort((a, b) => b - a);
  assert.equal(waiting.length, MAX_LANES + 1);
  assert.ok(waiting[0]! > 0);
  assert.deepEqual(waiting.slice(1), new Array(MAX_LANES).fill(0));
  for (const socket of senders) socket.close();
  listen.closeAll();
  assert.equal(sent, rounds * senders.length);
});

test("what goes through a lane comes from the listen port, and answers find the listen socket", () => {
  const { ports } = sys as unknown as { ports: ListenPort[] };
  ports[0]!.congest();
  const stage = new Stage(engine);
  stage.udp(sys, { address: "127.0.0.1", port: PORT }, [new Uint8Array(100).fill(7)]);
  // The congestion is over by the time it is looked at: send as if it were not.
  const enter = ports[0]!.enter;
  ports[0]!.enter = () => {};
  sys.udpSend(1);
  ports[0]!.enter = enter;
  assert.equal(queues(PORT).length, 2);
  while ((sys.wait(100) & READY_UDP) === 0);
  const [datagram] = batch(engine, sys.udpReceive(0));
  assert.equal(datagram!.from.port, PORT);
  assert.equal(datagram!.data.length, 100);
  assert.equal(receive(sys, engine, 0).length, 0);
});
