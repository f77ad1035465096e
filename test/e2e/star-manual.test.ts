// Acceptance items 4–14 of deployment.md §13: the star of manual nodes.
//
//   A 10.0.0.2 (id 2) ── 10.100.1.2 ═══ 10.100.1.1  hub (id 1)  10.100.2.1 ═══ 10.100.2.2 ── B 10.0.0.3 (id 3)
//
// One mesh serves all tests in order, as an operator would meet it: start, rules, traffic, faults, roaming.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Capture, datagrams } from "../../lab/capture.ts";
import { Impairment } from "../../lab/impairment.ts";
import { parsePing, ping, pingCommand } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import {
  A_ID,
  A_OVERLAY,
  A_UNDERLAY,
  B_ID,
  B_OVERLAY,
  HUB_ID,
  HUB_UNDERLAY_A,
  PORT,
  Star,
} from "../../lab/star.ts";
import { assertNoSecrets, linkKey, sessionKeyOf } from "../support/e2e/secrets.ts";
import { endToEnd, record } from "../support/e2e/suite.ts";

const MARKER = "5375626e657472614d61726b65723432";
const ROAMED = "10.100.1.3";

endToEnd("Star of manual nodes", () => {
  let star: Star;
  /** Session keys in use, learned from captured datagrams and the configured keys. */
  const sessionKeys: Buffer[] = [];

  before(async () => {
    star = new Star("manual", { builds, kind: "manual" });
  });
  after(() => star?.close());

  it("item 4: three daemons start and create snr0 within 5 s", async () => {
    const daemons = star.nodes.map((node) => node.spawn());
    await until("snr0 in every namespace", 5000, () =>
      star.nodes.every((node) => star.lab.exec(node.name, ["ip", "link", "show", "snr0"]).status === 0),
    );
    for (const daemon of daemons) await daemon.seen(/ tun=snr0 sock=\S+ \[ready\]/, 5000);
    for (const node of star.nodes) node.applyPlan();
  });

  it("item 5: added rules show up within 5 s", async () => {
    star.addManualRules();
    await until("rules on all nodes", 5000, () =>
      star.nodes.every((node) => node.ask("policy", "show").split("\n").filter(Boolean).length === 2),
    );
    assert.equal(
      star.hub.ask("policy", "show"),
      `policy add --src 0.0.0.0/0 --dst ${A_OVERLAY}/32 --action forward --target ${A_ID}\n` +
        `policy add --src 0.0.0.0/0 --dst ${B_OVERLAY}/32 --action forward --target ${B_ID}\n`,
    );
  });

  it("item 6: A pings B through the hub, 3 of 3", () => {
    const relayed = star.hub.counter("relay_packets");
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
    assert.equal(star.hub.counter("relay_packets"), relayed + 6, "three requests and three replies relayed");
  });

  it("item 7: a marker in the payload is absent from the underlay and present on B's TUN", async () => {
    const underlay = await Capture.start(star.lab, "hub", "ua", `udp port ${PORT}`);
    const inner = await Capture.start(star.lab, "b", "snr0");
    ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2, size: 64, pattern: MARKER });
    const outside = await underlay.stop();
    const inside = await inner.stop();
    const marker = Buffer.from(MARKER, "hex");
    assert.ok(inside.includes(marker), "B received the marker");
    assert.ok(!outside.includes(marker), "the underlay never shows the marker");
    const seen = datagrams(outside);
    assert.ok(seen.length >= 6, `three requests and replies on the underlay: ${seen.length}`);
    for (const { source, payload } of seen) {
      const [from, to] = source === A_UNDERLAY ? [A_ID, HUB_ID] : [HUB_ID, A_ID];
      sessionKeys.push(sessionKeyOf(linkKey(star.keys.a, from, to), payload));
    }
  });

  it("items 8 and 9: a rule added under traffic is visible, and at least 18 of 20 pings get through", async () => {
    const pings = star.lab.start("a", "ping", pingCommand(B_OVERLAY, { count: 20, intervalSeconds: 0.2 }));
    await pings.seen(/icmp_seq=5 /);
    star.addRule(star.hub, "10.0.0.200/32", B_ID);
    assert.match(star.hub.ask("policy", "show"), /--dst 10\.0\.0\.200\/32 --action forward --target 3\n/);
    assert.equal(pings.exitCode, undefined, "traffic still flows");
    await pings.exited(15000);
    const result = parsePing(pings.output);
    assert.ok(result.received >= 18, result.output);
  });

  it("item 10: a destination without a route raises tun no_route", () => {
    const before = star.a.counter("drop_tun_no_route");
    ping(star.lab, "a", "10.0.0.99", { count: 2, intervalSeconds: 0.2, waitSeconds: 1 });
    assert.ok(star.a.counter("drop_tun_no_route") >= before + 2);
    assert.match(star.a.ask("status"), /\n {2}tun: not_ipv4=\d+ no_route=[1-9]/);
  });

  it("items 11 and 12: at least 10 of 20 pings survive 10 % loss and 20 ms delay; then 3 of 3", async () => {
    const impairment = new Impairment(star.lab, {
      node: "a",
      hub: "hub",
      address: HUB_UNDERLAY_A,
      port: PORT,
      lossPercent: 10,
      delayMs: 20,
    });
    await impairment.apply();
    const impaired = ping(star.lab, "a", B_OVERLAY, { count: 20, intervalSeconds: 0.2 });
    assert.ok(impaired.received >= 10, impaired.output);
    assert.ok(impaired.averageMs >= 40, `delayed in both directions: ${impaired.averageMs} ms`);
    await impairment.remove();
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
  });

  it("items 13 and 14: A roams to a new address and goes on without a restart", async () => {
    const learned = star.hub.counter("udp_endpoint_learned");
    const pid = star.hub.pid;
    star.lab.ip("a", `addr del ${A_UNDERLAY}/24 dev u0`);
    star.lab.ip("a", `addr add ${ROAMED}/24 dev u0`);
    ping(star.lab, "a", B_OVERLAY, { count: 1, waitSeconds: 1 });
    await until("the new endpoint in the hub's status", 5000, () =>
      star.hub.ask("status").includes(` id=2 endpoint=${ROAMED}:${PORT} `),
    );
    assert.ok(star.hub.counter("udp_endpoint_learned") > learned);
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
    assert.ok(star.hub.running && star.hub.pid === pid, "no restart");
  });

  it("nothing that any node printed holds a key", async () => {
    for (const node of star.nodes) {
      node.ask("status");
      node.ask("status", "--json");
      node.ask("save");
      await node.stop();
    }
    const psks = [star.keys.a, star.keys.b];
    const links = psks.flatMap((psk, i) => [linkKey(psk, HUB_ID, A_ID + i), linkKey(psk, A_ID + i, HUB_ID)]);
    assert.ok(sessionKeys.length > 0);
    assertNoSecrets(star.outputs, [...psks.map((psk) => Buffer.from(psk, "hex")), ...links, ...sessionKeys]);
    record("netns_e2e", "pass");
  });
});
