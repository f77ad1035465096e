// What an operator sees of a mesh: figures of each peer, what is lost on the way and in the kernel, the views, the log.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { ping } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds, compiled } from "../../lab/project.ts";
import {
  A_ID,
  A_UNDERLAY,
  B_ID,
  B_OVERLAY,
  B_UNDERLAY,
  HUB_ID,
  HUB_UNDERLAY_A,
  PORT,
  Star,
} from "../../lab/star.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const TABLE = "some-are-lost";
const BURST = 30_000;
/** Sequence numbers the replay window holds: what is missing among the last is not lost yet. */
const WINDOW = 64;

endToEnd("Status for people", () => {
  let star: Star;

  before(async () => {
    star = new Star("status", {
      builds,
      kind: "roles",
      adjust: (name, config) => {
        if (name === "hub") config.peers[0]!.name = "north";
        if (name === "b") config.log = "quiet";
      },
    });
    await star.startHub();
    await star.a.start();
    await star.hub.statusWhere("A is heard", 5000, (status) => status.peers[0]!.online);
  });
  after(() => star?.close());

  const pings = (count: number): number =>
    ping(star.lab, "a", B_OVERLAY, { count, intervalSeconds: 0.005, waitSeconds: 1 }).received;

  it("healthy, as soon as one peer is", async () => {
    assert.deepEqual(star.hub.client("status", "--healthy"), { status: 0, stdout: "", stderr: "" });
    await star.b.start();
    await star.b.statusWhere("hears the hub", 5000, () => pings(3) === 3);
    assert.equal(star.b.client("status", "--healthy").status, 0);
  });

  it("traffic counts at both ends of a link, and lost_packets is what a firewall dropped", async () => {
    star.lab.nft(
      "hub",
      `table ip ${TABLE} {
        chain in {
          type filter hook prerouting priority raw;
          ip saddr ${A_UNDERLAY} udp dport ${PORT} numgen random mod 10 < 2 counter drop
        }
      }\n`,
    );
    const before = star.hub.peer(A_ID);
    const received = pings(400);
    const listing = star.lab.exec("hub", ["nft", "list", "table", "ip", TABLE]).stdout;
    const dropped = Number(/counter packets (\d+)/.exec(listing)![1]);
    star.lab.nft("hub", `delete table ip ${TABLE}\n`);
    assert.ok(dropped > 20, listing);
    assert.equal(received, 400 - dropped);
    assert.equal(pings(WINDOW + 6), WINDOW + 6);
    assert.equal(star.hub.peer(A_ID).lost_packets - before.lost_packets, dropped);
    assert.equal(star.hub.peer(B_ID).lost_packets, 0);
    assert.equal(star.a.peer(HUB_ID).lost_packets, 0);

    // Quiet now but for keepalives: what one end sent and the other lost or got adds up.
    const sent = star.a.peer(HUB_ID);
    const got = star.hub.peer(A_ID);
    assert.ok(sent.tx_packets >= 400 + WINDOW);
    const slack = sent.tx_packets - got.rx_packets - got.lost_packets;
    assert.ok(slack >= 0 && slack <= 2, `${slack} of ${sent.tx_packets} are unaccounted for`);
    assert.ok(got.rx_bytes > got.rx_packets * 36);
    assert.equal(got.drops, 0);
  });

  it("peers: a table that fits a terminal", () => {
    const table = star.hub.ask("peers");
    for (const line of table.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(table, /^NAME +ID +ENDPOINT +STATE +HEARD +RECEIVED +SENT +LOST +DROPS$/m);
    assert.match(
      table,
      new RegExp(`^north +2 ${A_UNDERLAY}:${PORT} online +\\d+ s ago +[\\d.]+ kB +[\\d.]+ kB +\\d+ +0$`, "m"),
    );
  });

  it("the log tells who came; quiet says nothing", async () => {
    const { hub, b } = star;
    await hub.daemon!.seen(/^peer 2 \(north\) is heard for the first time, at 10\.100\.1\.2:51820$/m);
    await hub.daemon!.seen(/^peer 3 is heard for the first time, at 10\.100\.2\.2:51820$/m);
    assert.doesNotMatch(b.daemon!.output, /^peer /m);
    // B moves to another address of its own.
    star.lab.ip("b", `addr add 10.100.2.7/24 dev u0`);
    star.lab.nft(
      "b",
      `table ip move {
        chain out {
          type nat hook postrouting priority srcnat
          ip saddr ${B_UNDERLAY} udp dport ${PORT} snat to 10.100.2.7:4000
        }
      }\n`,
    );
    await b.restart();
    await hub.daemon!.seen(/^peer 3 moved from 10\.100\.2\.2:51820 to 10\.100\.2\.7:4000$/m);
  });

  it("socket_drops counts what the kernel dropped while the daemon did not read", async () => {
    const { hub, lab } = star;
    const before = hub.status();
    process.kill(hub.pid, "SIGSTOP");
    try {
      const sent = lab.exec("hub", [
        process.execPath,
        compiled("test/support/e2e/burst.ts"),
        HUB_UNDERLAY_A,
        String(PORT),
        String(BURST),
      ]);
      assert.equal(sent.stdout, `sent=${BURST}\n`, sent.stderr);
    } finally {
      process.kill(hub.pid, "SIGCONT");
    }
    const arrived = (): number => {
      const now = hub.status();
      const read = now.counters.udp_rx_packets! - before.counters.udp_rx_packets!;
      return read + now.socket_drops! - before.socket_drops!;
    };
    await until("all datagrams to be read or counted as dropped", 5000, () => arrived() >= BURST);
    assert.ok(arrived() <= BURST + 50, `${arrived()} of ${BURST}`);
    const dropped = hub.status().socket_drops! - before.socket_drops!;
    assert.ok(dropped > 1000 && dropped < BURST, `${dropped} dropped`);
    assert.match(hub.ask("status"), new RegExp(`^ {2}role=hub .* socket_drops=${dropped}$`, "m"));
  });
});
