// Acceptance items 15–19 of deployment.md §13: the star by roles, and a stranger who probes the hub.
//
//   A 10.0.0.2 (spoke, id 2) ── 10.100.1.2 ═══ 10.100.1.1  hub (id 1)  10.100.2.1 ═══ 10.100.2.2 ── B 10.0.0.3 (id 3)
//                                                  10.100.9.1
//                                                      ║
//                                                  10.100.9.2  stranger, no node

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Capture, datagrams } from "../../lab/capture.ts";
import { ping } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { A_ID, A_OVERLAY, B_OVERLAY, HUB_ID, PORT, Star } from "../../lab/star.ts";
import { endToEnd, record } from "../support/e2e/suite.ts";

const HUB_UNDERLAY_X = "10.100.9.1";
const STRANGER = "10.100.9.2";
const PROBES_PER_KIND = 20;

/** Readable junk of at least the shortest legal datagram's length. */
const JUNK = Buffer.from("GET / HTTP/1.1\r\nHost: example.net\r\nAccept: */*\r\n\r\n");

/** A shortest datagram with a plausible clear header: version 1, key_id 2, a recent epoch, sequence number 1. */
function forged(): Buffer {
  const frame = Buffer.alloc(36);
  frame[0] = 1;
  frame.writeUInt16LE(A_ID, 2);
  frame.writeBigUInt64LE(BigInt(Date.now()) * 1000000n, 4);
  frame.writeBigUInt64LE(1n, 12);
  return frame;
}

endToEnd("Star by roles", () => {
  let star: Star;

  before(async () => {
    star = new Star("roles", { builds, kind: "roles" });
    star.lab.addNamespace("stranger");
    star.lab.connect(
      { ns: "stranger", dev: "u0", ip: `${STRANGER}/24` },
      { ns: "hub", dev: "ux", ip: `${HUB_UNDERLAY_X}/24` },
    );
    await star.start();
  });
  after(() => star?.close());

  it("item 15: roles set the policy without a command", () => {
    assert.match(star.hub.ask("policy", "show"), /--dst 10\.0\.0\.3\/32 --action forward --target 3\n/);
    assert.equal(
      star.a.ask("policy", "show"),
      `policy add --src 0.0.0.0/0 --dst ${A_OVERLAY}/32 --action forward --target 0\n` +
        `policy add --src 0.0.0.0/0 --dst 10.0.0.0/24 --action forward --target ${HUB_ID}\n`,
    );
  });

  it("item 16: A pings B, 3 of 3", () => {
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
  });

  it("items 17–19: a stranger's probes get no answer, are counted, and leave the hub alive", async () => {
    const before = star.hub.status().counters;
    const capture = await Capture.start(star.lab, "hub", "ux");
    const probes = [JUNK, forged(), Buffer.from("abc")].map(
      (payload) => `${PROBES_PER_KIND}x${payload.toString("hex")}`,
    );
    const script = new URL("../support/e2e/udp-probe.js", import.meta.url).pathname;
    const result = star.lab.exec("stranger", [
      process.execPath,
      script,
      HUB_UNDERLAY_X,
      String(PORT),
      ...probes,
    ]);
    assert.match(result.stdout, /^sent=60 answers=0$/m);

    const seen = datagrams(await capture.stop());
    assert.equal(seen.filter((datagram) => datagram.source === STRANGER).length, 3 * PROBES_PER_KIND);
    assert.deepEqual(
      seen.filter((datagram) => datagram.source === HUB_UNDERLAY_X),
      [],
      "no UDP from the hub",
    );

    const risen = await until("all probes counted", 5000, () => {
      const now = star.hub.status().counters;
      const delta = (name: string) => now[name]! - before[name]!;
      const counts = {
        unclaimed: delta("drop_udp_unknown_peer") + delta("drop_udp_scan_budget"),
        unknown: delta("drop_udp_unknown_peer"),
        runts: delta("drop_udp_auth_or_invalid"),
      };
      return counts.unclaimed + counts.runts >= 3 * PROBES_PER_KIND && counts;
    });
    assert.ok(risen.unknown > 0, "unknown_peer has risen");
    assert.deepEqual([risen.unclaimed, risen.runts], [2 * PROBES_PER_KIND, PROBES_PER_KIND]);

    assert.ok(star.hub.running);
    assert.match(star.hub.ask("status"), /\[running\]/);
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 1 }).received, 1, "traffic goes on");
    record("active_probe", "pass");
  });

  it("a restarted spoke is heard again at once, by its higher epoch", async () => {
    await star.a.restart();
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
  });

  it("a restarted hub recovers without touching the spokes", async () => {
    await star.hub.restart();
    // The hub knows B's configured endpoint, so the first packet already has somewhere to go.
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
  });
});
