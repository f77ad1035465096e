// What our configurations have beyond the original's: a peer whose address nobody knows until it calls, several prefixes a peer,
// and keepalives from a hub.
//
//   host 10.60.0.1 on A (spoke, id 2) ── hub (id 1) ── B (spoke, id 3)
//
// The hub has "dynamic" for A; A may send from 10.0.0.2 and from 10.60.0.0/16.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { ping } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { A_ID, A_OVERLAY, A_UNDERLAY, B_OVERLAY, OVERLAY, PORT, Star } from "../../lab/star.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const SITE = "10.60.0.0/16";
const HOST = "10.60.0.1";
const STRANGER = "10.61.0.1";

endToEnd("Dynamic endpoints and several sources", () => {
  let star: Star;
  const try3 = (from: string, to: string, source?: string) =>
    ping(star.lab, from, to, { count: 3, intervalSeconds: 0.2, waitSeconds: 1, source }).received;
  const peerA = () => star.hub.peer(A_ID);

  before(async () => {
    star = new Star("sources", {
      builds,
      kind: "roles",
      adjust: (name, config) => {
        const [first] = config.peers;
        if (name === "hub") {
          first!.endpoint = "dynamic";
          first!.allowed_src = [`${A_OVERLAY}/32`, SITE];
          first!.keepalive_secs = 1;
        } else if (name === "b") {
          first!.allowed_src = [OVERLAY, SITE];
          config.remote_routes = [OVERLAY, SITE];
        } else config.local_routes = [`${A_OVERLAY}/32`, SITE];
      },
    });
    // No keepalive from A: it is not heard before it has something to say.
    star.a.config.keepalive_secs = 0;
    star.lab.ip("a", `addr add ${HOST}/32 dev lo`);
    star.lab.ip("a", `addr add ${STRANGER}/32 dev lo`);
    await star.hub.start();
    await star.b.start();
    await star.a.start();
  });
  after(() => star?.close());

  it("until A is heard its packets are dropped and counted, and the status says that nobody knows where it is", () => {
    assert.equal(peerA().endpoint, "dynamic");
    assert.match(
      star.hub.ask("status"),
      / id=2 endpoint=dynamic allowed_src=10\.0\.0\.2\/32,10\.60\.0\.0\/16 /,
    );
    assert.equal(try3("b", A_OVERLAY), 0);
    assert.equal(star.hub.counter("drop_udp_unknown_endpoint"), 3);
    assert.equal(peerA().tx_packets, 0, "no keepalive goes nowhere");
  });

  it("a rule of the operator says where it is, without a restart", () => {
    assert.match(
      star.hub.ask("peer", "endpoint", "2", `${A_UNDERLAY}:${PORT}`),
      /^ok peer 2 is expected at /,
    );
    assert.equal(try3("b", A_OVERLAY), 3);
  });

  it("after a restart of the hub A is found by its first packet", async () => {
    await star.hub.restart();
    assert.equal(peerA().endpoint, "dynamic");
    assert.equal(try3("a", B_OVERLAY), 3);
    assert.equal(peerA().endpoint, `${A_UNDERLAY}:${PORT}`);
    assert.equal(try3("b", A_OVERLAY), 3);
  });

  it("A's second prefix is reached, may send, and is told by policy test; another is not", () => {
    assert.equal(try3("b", HOST), 3);
    assert.equal(try3("a", B_OVERLAY, HOST), 3);
    const spoofed = star.hub.counter("drop_udp_spoof");
    assert.equal(try3("a", B_OVERLAY, STRANGER), 0);
    assert.equal(star.hub.counter("drop_udp_spoof"), spoofed + 3);
    const told = star.hub.ask("policy", "test", HOST, B_OVERLAY);
    assert.match(told, /its allowed_src 10\.0\.0\.2\/32, 10\.60\.0\.0\/16 holds it/);
    assert.deepEqual(peerA().allowed_srcs, [`${A_OVERLAY}/32`, SITE]);
  });

  it("the hub sends A a keepalive every second, and B, which has none, nothing", async () => {
    const before = star.hub.counter("keepalive_tx");
    await until("two keepalives", 5000, () => star.hub.counter("keepalive_tx") >= before + 2);
    assert.ok(star.a.counter("keepalive_rx") >= 2);
    assert.equal(star.b.counter("keepalive_rx"), 0);
  });
});
