// The simulated network does what it says: otherwise the tests on it prove nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { takeRun } from "../../src/platform/sim/data-plane.ts";
import { EventQueue } from "../../src/platform/sim/event-queue.ts";
import { type Endpoint, Nat } from "../../src/platform/sim/nat.ts";
import {
  type Conditions,
  type Datagram,
  Network,
  type NetworkHost,
  PERFECT,
} from "../../src/platform/sim/network.ts";
import { Prng } from "../../src/platform/sim/prng.ts";
import { seededTest } from "../support/seed.ts";

const MS = 1_000_000;
const A = 0xc0000201;
const B = 0xc0000202;

function listen(host: NetworkHost, port: number): Datagram[] {
  const socket = { port, queue: [], dropped: 0 };
  host.sockets.set(port, socket);
  return socket.queue;
}

function drain(events: EventQueue): void {
  while (events.step());
}

test("events happen in order of time, then of addition", () => {
  const events = new EventQueue();
  const random = new Prng(5);
  const seen: [number, number][] = [];
  for (let i = 0; i < 2000; i++) {
    const delay = random.below(100);
    events.after(delay, () => seen.push([delay, i]));
  }
  drain(events);
  const sorted = [...seen].sort(([t, i], [u, j]) => t - u || i - j);
  assert.deepEqual(seen, sorted);
  assert.equal(events.done, 2000);
});

test("the generator repeats from its seed and covers its range", () => {
  const draw = (seed: number) => Array.from({ length: 20 }, () => new Prng(seed)).map((prng) => prng.u32());
  assert.equal(new Set(draw(7)).size, 1);
  assert.notEqual(new Prng(7).u32(), new Prng(8).u32());
  const random = new Prng(0);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[random.below(10)]!++;
  // 1000 expected in each; 6 standard deviations are 180.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 180, counts.join());
});

seededTest("paths lose, duplicate, corrupt, delay and reorder as often as asked", (random) => {
  const events = new EventQueue();
  const network = new Network(events, random);
  const [a, b] = [network.addHost("a", [A]), network.addHost("b", [B])];
  const conditions: Conditions = { loss: 0.2, duplicate: 0.1, corrupt: 0.1, delay: 5 * MS, jitter: 3 * MS };
  network.setPath(a, b, conditions);
  const arrived: { number: number; at: number; intact: boolean }[] = [];
  const queue = listen(b, 1000);
  b.onReadable = () => {
    const { bytes, source } = queue.shift()!;
    assert.deepEqual(source, { address: A, port: 2000 });
    const view = new DataView(bytes.buffer);
    const number = view.getUint32(0);
    arrived.push({ number, at: events.now, intact: view.getUint32(4) === ~number >>> 0 });
  };
  const total = 10_000;
  const sentAt: number[] = [];
  for (let i = 0; i < total; i++) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, i);
    new DataView(bytes.buffer).setUint32(4, ~i);
    sentAt.push(events.now);
    assert.equal(network.send(a, 2000, { address: B, port: 1000 }, bytes), 0);
    const next = events.now + MS;
    while (events.next() <= next) events.step();
    events.now = next;
  }
  drain(events);
  const expected = total * 1.1 * 0.8;
  assert.ok(Math.abs(arrived.length - expected) < 300, `${arrived.length} of about ${expected}`);
  const intact = arrived.filter((one) => one.intact);
  const corrupt = arrived.length - intact.length;
  assert.ok(Math.abs(corrupt - expected * 0.1) < 250, `${corrupt} corrupted`);
  for (const { number, at } of intact) {
    const took = at - sentAt[number]!;
    assert.ok(took >= 5 * MS && took < 8 * MS, `${took} ns`);
  }
  const late = intact.filter(({ number }, i) => i > 0 && number < intact[i - 1]!.number);
  assert.ok(late.length > total / 10, `${late.length} overtaken`);
});

test("a partition cuts both directions and heals", () => {
  const events = new EventQueue();
  const network = new Network(events, new Prng(1));
  const [a, b] = [network.addHost("a", [A]), network.addHost("b", [B])];
  const [atA, atB] = [listen(a, 1), listen(b, 1)];
  const exchange = (): [number, number] => {
    network.send(a, 1, { address: B, port: 1 }, new Uint8Array(1));
    network.send(b, 1, { address: A, port: 1 }, new Uint8Array(1));
    drain(events);
    return [atA.splice(0).length, atB.splice(0).length];
  };
  assert.deepEqual(exchange(), [1, 1]);
  network.partition(a, b);
  assert.deepEqual(exchange(), [0, 0]);
  network.heal(a, b);
  assert.deepEqual(exchange(), [1, 1]);
  network.readdress(b, []);
  assert.equal(network.send(b, 1, { address: A, port: 1 }, new Uint8Array(1)), 101, "no address, no route");
  assert.deepEqual(network.conditions, PERFECT);
});

test("a NAT maps, filters, forgets and rebinds", () => {
  const nat = new Nat(0xcb007101, new Prng(1), 1000);
  const inside: Endpoint = { address: 0xc0a80102, port: 5 };
  const server: Endpoint = { address: A, port: 18020 };
  const outside = nat.outbound(inside, server, 0);
  assert.equal(outside.address, nat.address);
  assert.deepEqual(
    nat.outbound(inside, { address: B, port: 9 }, 10),
    outside,
    "endpoint-independent mapping",
  );
  assert.deepEqual(nat.inbound(outside.port, server, 20), inside);
  assert.equal(
    nat.inbound(outside.port, { ...server, port: 1 }, 20),
    null,
    "address- and port-dependent filtering",
  );
  assert.equal(nat.inbound(outside.port ^ 1, server, 20), null);
  // Outbound traffic refreshes, inbound does not.
  assert.deepEqual(nat.inbound(outside.port, server, 1009), inside);
  assert.equal(nat.inbound(outside.port, server, 1010), null, "timed out");
  const second = nat.outbound(inside, server, 2000);
  nat.rebind();
  assert.equal(nat.inbound(second.port, server, 2001), null);
  assert.notDeepEqual(nat.outbound(inside, server, 2002), second);
});

test("received datagrams coalesce as UDP_GRO does", () => {
  const one = { address: A, port: 1 };
  const other = { address: A, port: 2 };
  const queue = (...sizes: [number, Endpoint][]) =>
    sizes.map(([size, source]) => ({ bytes: new Uint8Array(size), source }));
  const run = (...sizes: [number, Endpoint][]) => takeRun(queue(...sizes), true).length;
  assert.equal(run([100, one], [100, one], [100, one]), 3);
  assert.equal(run([100, one], [100, other]), 1, "another source");
  assert.equal(run([100, one], [101, one]), 1, "a longer one starts anew");
  assert.equal(run([100, one], [40, one], [40, one]), 2, "a shorter one is the last");
  assert.equal(run([100, one], [0, one]), 1, "an empty one stands alone");
  assert.equal(run(...Array.from({ length: 80 }, (): [number, Endpoint] => [9, one])), 64);
  assert.equal(
    run(...Array.from({ length: 64 }, (): [number, Endpoint] => [1488, one])),
    44,
    "65507 bytes at most",
  );
  assert.equal(takeRun(queue([100, one], [100, one]), false).length, 1);
});
