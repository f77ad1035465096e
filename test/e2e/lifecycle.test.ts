// The life of a daemon: privileges, control socket, signals, saved rules, several ports.
//
//   A 10.0.0.2 ── 10.100.1.2 ═══ 10.100.1.1  hub  10.100.2.1 ═══ 10.100.2.2 ── B 10.0.0.3
//                      :51820          :51820 :51821 :51822       :51822

import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, it } from "node:test";
import { ping } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { B_OVERLAY, HUB_ID, HUB_UNDERLAY_B, OVERLAY, PORT, Star } from "../../lab/star.ts";
import { forEveryone } from "../support/e2e/for-everyone.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const NOBODY = 65534;
const CAPABILITY_SETS = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
const MANY_RULES = 2000;

function manyRules(): string {
  const lines: string[] = [];
  for (let i = 0; i < MANY_RULES; i++) {
    lines.push(
      `policy add --src 0.0.0.0/0 --dst 172.${16 + (i >> 8)}.${i & 255}.0/24 --action forward --target 2`,
    );
  }
  return `${lines.join("\n")}\n`;
}

endToEnd("Life of a daemon", () => {
  let star: Star;

  before(async () => {
    star = new Star("life", {
      builds,
      kind: "roles",
      adjust: (name, config) => {
        if (name === "hub") config.listen_ports = [PORT, PORT + 1, PORT + 2];
        if (name === "b") config.peers[0]!.endpoint = `${HUB_UNDERLAY_B}:${PORT + 2}`;
        if (name === "b") config.keepalive_secs = 2;
      },
    });
    await star.start();
  });
  after(() => star?.close());

  it("no thread of any daemon holds a capability", () => {
    for (const node of star.nodes) {
      const threads = node.threadStatus();
      assert.ok(threads.length > 0);
      for (const status of threads) {
        for (const set of CAPABILITY_SETS) {
          assert.match(status, new RegExp(`^${set}:\\t0+$`, "m"), `${node.name} ${set}`);
        }
        assert.match(status, /^NoNewPrivs:\t1$/m);
      }
    }
  });

  it("a hub on several ports serves each peer on the port it uses", async () => {
    await star.hub.statusWhere("B heard by keepalive", 8000, (status) => status.peers[1]!.online);
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
    assert.equal(star.a.peer(HUB_ID).endpoint, `10.100.1.1:${PORT}`);
    assert.equal(
      star.b.peer(HUB_ID).endpoint,
      `${HUB_UNDERLAY_B}:${PORT + 2}`,
      "answers leave by the port B uses",
    );
    assert.equal(star.b.counter("udp_endpoint_learned"), 0);
    assert.ok(star.hub.counter("keepalive_rx") > 0);
  });

  it("the control socket is 0600 and a second user is refused", () => {
    assert.equal(statSync(star.hub.socketPath).mode & 0o777, 0o600);
    assert.ok(statSync(star.hub.socketPath).isSocket());
    const client = forEveryone(star.lab, star.hub.build).client;
    // Only the mode of the socket itself stands between the second user and the daemon.
    chmodSync(dirname(star.hub.socketPath), 0o711);
    const asUser = (uid: number) =>
      star.lab.exec("hub", [
        ...[
          "setpriv",
          `--reuid=${uid}`,
          "--clear-groups",
          "--",
          "env",
          `SUBNETRA_SOCK=${star.hub.socketPath}`,
        ],
        ...client,
        "status",
      ]);
    assert.match(asUser(0).stdout, /\[running\]/, "the same command works for the owner");
    const refused = asUser(NOBODY);
    assert.equal(refused.status, 1);
    assert.equal(refused.stdout, "");
    assert.match(refused.stderr, /subnetra: control request failed \(SendFailed\)/);
  });

  it("saved rules are loaded at start, and a long table is paged", async () => {
    star.addRule(star.a, "10.0.0.128/25", HUB_ID);
    const table = star.a.ask("policy", "show");
    const snapshot = `${star.a.socketPath}.policy`;
    assert.equal(star.a.ask("save"), `saved 3 rule(s) to ${snapshot}\n`);
    assert.equal(readFileSync(snapshot, "utf8"), table);
    assert.equal(statSync(snapshot).mode & 0o777, 0o600);

    const saved = star.lab.path("a", "saved.policy");
    writeFileSync(saved, "policy add --src 0.0.0.0/0 --dst 10.0.0.128/25 --action forward --target 1\n");
    await star.a.restart({ args: ["--policy", saved] });
    assert.equal(star.a.ask("policy", "show"), table, "role rules first, saved rules after them");

    writeFileSync(saved, manyRules());
    await star.a.restart({ args: ["--policy", saved] });
    const shown = star.a.ask("policy", "show");
    assert.equal(shown.split("\n").length - 1, MANY_RULES + 2);
    assert.ok(shown.endsWith(manyRules()), "all rules, in order");
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 1 }).received, 1);
  });

  it("SIGTERM and SIGINT end a daemon with status 0 and remove socket and device", async () => {
    for (const [node, signal] of [
      [star.a, "SIGTERM"],
      [star.b, "SIGINT"],
    ] as const) {
      assert.ok(existsSync(node.socketPath));
      assert.equal(await node.stop(signal), 0, signal);
      assert.ok(!existsSync(node.socketPath), "no socket left");
      assert.notEqual(star.lab.exec(node.name, ["ip", "link", "show", "snr0"]).status, 0, "no device left");
      const client = node.client("status");
      assert.equal(client.status, 1);
      assert.equal(client.stderr, `subnetra: daemon not running (socket ${node.socketPath})\n`);
    }
  });

  it("traffic recovers after both ends come back in any order", async () => {
    await star.b.start();
    await star.a.start();
    assert.equal(star.a.config.virtual_subnet, OVERLAY);
    await until(
      "a ping to get through",
      8000,
      () => ping(star.lab, "a", B_OVERLAY, { count: 1, waitSeconds: 1 }).received,
    );
  });
});
