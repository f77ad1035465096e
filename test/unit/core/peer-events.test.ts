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
  /** How many peers each question about news was about. */
  const spans: number[] = [];
  const peerNews = (first: number, end: number): number => {
    spans.push(end - first);
    return call.peerNews(first, end);
  };
  const events = new PeerEvents({ engine: { ...engine, call: { ...call, peerNews } }, sys }, labels);
  /** The second of the monotonic clock, as the reactor reads it. */
  const second = (): number => 100 + Math.floor(passed / 1000);
  return {
    sys,
    spans,
    stir: () => events.stir(second()),
    look: () => events.look(second()),
    /** Seconds until there is something to do, -1 = nothing. */
    wait: () => (events.due === abi.NO_ALARM ? -1 : Math.max(0, events.due - second())),
    /** Lets time pass, in ms. */
    pass: (ms: number) => {
      passed += ms;
      setClock();
    },
    hear: (peer: number) => {
      const at = call.region(abi.REGION_PEERS) + peer * abi.PEER_STRIDE + abi.PEER_LAST_SEEN;
      view.setBigUint64(at, (sys.seconds + BigInt(Math.floor(passed / 1000))) * NS_PER_S, true);
      events.stir(second());
    },
    take: () => {
      const lines = sys.stderr.split("\n").slice(0, -1);
      sys.stderr = "";
      return lines;
    },
  };
}

test("a round at most once a second, and none while nothing can have happened", () => {
  const { look, stir, wait, pass, hear, take } = prepare(1, [fieldText('a "b" c')]);
  assert.equal(wait(), -1);
  hear(0);
  assert.equal(wait(), 0);
  look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is heard for the first time, at 10.0.0.1:18020']);
  assert.equal(wait(), 91, "until it may be silent");
  pass(400);
  stir();
  assert.equal(wait(), 1);
  look();
  pass(600);
  assert.equal(wait(), 0);
  look();
  assert.deepEqual(take(), []);
  assert.equal(wait(), 90);
  pass(90_000);
  look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is silent: not heard for 91 s, last at 10.0.0.1:18020']);
  assert.equal(wait(), -1);
  hear(0);
  pass(1000);
  look();
  assert.deepEqual(take(), ['peer 2 ("a \\"b\\" c") is back, at 10.0.0.1:18020']);
});

test("16,384 peers: ten lines and a count, in pieces of bounded work", () => {
  const peers = abi.LIMIT_PEERS;
  const { spans, look, stir, wait, pass, hear, take } = prepare(peers);
  for (let i = 0; i < peers; i++) hear(i);
  const round = (): number => {
    let pieces = 0;
    do {
      spans.length = 0;
      look();
      assert.ok(spans.length <= 64 && Math.max(...spans) <= 1024, `${spans} peers asked about in one piece`);
      pieces++;
    } while (wait() === 0);
    return pieces;
  };
  const news = round();
  const lines = take();
  assert.equal(lines.length, 11);
  assert.equal(lines[10], `${peers - 10} more changes of peers (see: subnetra peers)`);
  assert.ok(news >= peers / 64, `${news} pieces`);
  pass(1000);
  stir();
  assert.equal(round(), peers / 1024);
  assert.deepEqual(take(), []);
});

test("what arrives during a round has a round of its own", () => {
  const { look, stir, wait, pass, hear, take } = prepare(2 * 1024);
  pass(1000);
  stir();
  look();
  assert.equal(wait(), 0, "half of the peers are looked at");
  hear(0);
  look();
  assert.deepEqual(take(), []);
  assert.equal(wait(), 1);
  pass(1000);
  look();
  look();
  assert.deepEqual(take(), ["peer 2 is heard for the first time, at 10.0.0.1:18020"]);
});

test("nobody reads standard error: nothing waits, and what was not told is counted later", () => {
  const { sys, look, pass, hear, take } = prepare(3);
  const poll = sys.poll.bind(sys);
  sys.poll = () => 0;
  hear(0);
  hear(1);
  look();
  assert.deepEqual(take(), []);
  sys.poll = poll;
  pass(1000);
  hear(2);
  look();
  assert.deepEqual(take(), [
    "peer 4 is heard for the first time, at 10.0.2.1:18020",
    "2 more changes of peers (see: subnetra peers)",
  ]);
});
