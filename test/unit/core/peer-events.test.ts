// Event lines by themselves: their pace, their bounds, and a standard error that nobody reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldText } from "../../../src/core/escape.ts";
import { PeerEvents } from "../../../src/core/peer-events.ts";
import * as abi from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const NS_PER_S = 1_000_000_000n;
const engine = loadEngine();
const view = new DataView(engine.u8.buffer);

function prepare(peers: number, labels: string[] = []) {
  const sys = new FakeSys(engine);
  const { call } = engine;
  assert.equal(call.init(Math.max(peers, 1), 16, abi.DEFAULT_RX_BUFFERS), 0);
  const clock = call.region(abi.REGION_CLOCK);
  let passed = 0;
  const setClock = (): void => {
    sys.clock(clock);
    const monotonic = 100n * 1000n + BigInt(passed);
    view.setBigUint64(clock, sys.seconds + BigInt(Math.floor(passed / 1000)), true);
    view.setBigUint64(clock + 16, monotonic / 1000n, true);
    view.setBigUint64(clock + 24, (monotonic % 1000n) * 1_000_000n, true);
  };
  setClock();
  call.setNode(1, 0);
  call.setPlatform(0, 0, 2);
  assert.equal(call.startEpoch(), 0);
  const scratch = call.region(abi.REGION_SCRATCH);
  for (let i = 0; i < peers; i++) {
    engine.u8.fill(1, scratch, scratch + 32);
    engine.u8.fill(0, scratch + 32, scratch + 40);
    call.addPeer(2 + i, scratch, 0x0100000a + (i << 16), 0x6446, scratch + 32);
  }
  const events = new PeerEvents({ engine, sys }, labels);
  return {
    sys,
    events,
    /** Lets time pass, in ms. */
    pass: (ms: number) => {
      passed += ms;
      setClock();
    },
    hear: (peer: number) => {
      const at = call.region(abi.REGION_PEERS) + peer * abi.PEER_STRIDE + abi.PEER_LAST_SEEN;
      view.setBigUint64(at, (sys.seconds + BigInt(Math.floor(passed / 1000))) * NS_PER_S, true);
      events.stir();
    },
    take: () => {
      const lines = sys.stderr.split("\n").slice(0, -1);
      sys.stderr = "";
      return lines;
    },
  };
}

test("a round at most once a second, and none while nothing can have happened", () => {
  const { events, pass, hear, take } = prepare(1, [fieldText('a "b" c')]);
  assert.equal(events.timeout(), -1);
  hear(0);
  assert.equal(events.timeout(), 0);
  events.look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is heard for the first time, at 10.0.0.1:18020']);
  assert.equal(events.timeout(), 91_000, "until it may be silent");
  pass(400);
  events.stir();
  assert.equal(events.timeout(), 600);
  events.look();
  pass(600);
  assert.equal(events.timeout(), 0);
  events.look();
  assert.deepEqual(take(), []);
  assert.equal(events.timeout(), 90_000);
  pass(90_000);
  events.look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is silent: not heard for 91 s, last at 10.0.0.1:18020']);
  assert.equal(events.timeout(), -1);
  hear(0);
  pass(1000);
  events.look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is back, at 10.0.0.1:18020']);
});

test("16,384 peers: ten lines and a count, in pieces of bounded work", () => {
  const peers = abi.LIMIT_PEERS;
  const { events, pass, hear, take } = prepare(peers);
  for (let i = 0; i < peers; i++) hear(i);
  const round = (): { pieces: number; longest: number } => {
    let pieces = 0;
    let longest = 0;
    do {
      const before = performance.now();
      events.look();
      longest = Math.max(longest, performance.now() - before);
      pieces++;
    } while (events.timeout() === 0);
    return { pieces, longest };
  };
  const news = round();
  const lines = take();
  assert.equal(lines.length, 11);
  assert.equal(lines[10], `${peers - 10} more changes of peers (see: subnetra peers)`);
  assert.ok(news.pieces >= peers / 64, `${news.pieces} pieces`);
  // A machine under load: far from the milliseconds that all at once would take on a router.
  assert.ok(news.longest < 50, `${news.longest} ms`);
  pass(1000);
  events.stir();
  const quiet = round();
  assert.equal(quiet.pieces, peers / 1024);
  assert.deepEqual(take(), []);
});

test("nobody reads standard error: nothing waits, and what was not told is counted later", () => {
  const { sys, events, pass, hear, take } = prepare(3);
  const poll = sys.poll.bind(sys);
  sys.poll = () => 0;
  hear(0);
  hear(1);
  events.look();
  assert.deepEqual(take(), []);
  sys.poll = poll;
  pass(1000);
  hear(2);
  events.look();
  assert.deepEqual(take(), [
    "peer 4 is heard for the first time, at 10.0.2.1:18020",
    "2 more changes of peers (see: subnetra peers)",
  ]);
});
