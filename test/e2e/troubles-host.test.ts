// What goes wrong on one machine: each trouble breaks a real mesh so, and the doctor names the cause. The same check passes
// on the healthy mesh. The doctor runs on Node.js beside daemons of either build.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, it } from "node:test";
import { must } from "../../lab/process.ts";
import { B_OVERLAY, PORT } from "../../lab/star.ts";
import { examine, type Finding, nodejs, runDoctor, troubles } from "../support/e2e/doctor.ts";
import { forEveryone } from "../support/e2e/for-everyone.ts";
import { endToEnd } from "../support/e2e/suite.ts";
import { TroubleMesh, tryPing } from "../support/e2e/trouble-mesh.ts";

const NOBODY = 65534;
const PATH_LIMIT = 1300;

endToEnd("Troubles of a machine", () => {
  const mesh = new TroubleMesh("wellhost");
  before(() => mesh.start());
  after(() => mesh.close());

  it("none: nothing fails on the healthy mesh, and what is told stays the same", () => {
    for (const [name, report] of Object.entries(mesh.well)) {
      assert.equal(report.status, 0, name);
      const told = report.findings.filter(({ level, check }) => level !== "pass" && check !== "clock.source");
      assert.deepEqual(told, [], name);
    }
    mesh.compareScreen("healthy", mesh.healthy.a);
  });

  it("without root it says what could not be read", () => {
    const { client } = forEveryone(mesh.healthy.lab, nodejs);
    const wrap = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", "--"];
    must(["chmod", "711", dirname(mesh.healthy.a.configPath)]);
    const result = runDoctor(mesh.healthy.a, { words: ["--json"], wrap, client });
    assert.equal(result.stderr, "");
    const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
    const skipped = findings.filter((one) => one.skipped).map(({ check }) => check);
    for (const check of ["config.file", "daemon.running"]) assert.ok(skipped.includes(check), result.stdout);
    assert.equal(result.status, 0, result.stdout);
  });

  it("an MTU black hole", () =>
    mesh.broken("hole", {}, async (star) => {
      star.lab.nft(
        "hub",
        `table ip hole { chain in { type filter hook prerouting priority raw;
          iifname "ua" meta length > ${PATH_LIMIT} drop
        }
        }\n`,
      );
      await star.start();
      assert.equal(tryPing(star, "a", B_OVERLAY), 2, "small packets pass");
      assert.equal(tryPing(star, "a", B_OVERLAY, 1372), 0);
      const found = mesh.names(star.a, "path.mtu", /black hole.*local_tun_mtu/);
      const limit = Number(/above (\d+) bytes/.exec(found.text)?.[1]);
      assert.ok(limit <= PATH_LIMIT && limit >= PATH_LIMIT - 8, found.text);
    }));

  it("a firewall on the hub", () =>
    mesh.broken("wall", {}, async (star) => {
      star.lab.nft(
        "hub",
        `table inet filter { chain input { type filter hook input priority filter; policy drop;
          ct state established,related accept
          iifname "lo" accept
          icmp type echo-request accept
          tcp dport { 22, 443 } accept
        }
        }\n`,
      );
      await star.start();
      assert.equal(tryPing(star, "a", B_OVERLAY), 0);
      mesh.names(star.hub, "firewall.input", new RegExp(`inet filter input.*drops UDP to port ${PORT}`));
      star.lab.nft("hub", `add rule inet filter input udp dport { 53, ${PORT} } accept\n`);
      assert.deepEqual(
        troubles(examine(star.hub), "firewall.input"),
        [],
        "a rule that accepts is understood",
      );
      assert.equal(tryPing(star, "a", B_OVERLAY), 2);
    }));

  it("the plan not applied", () =>
    mesh.broken("plan", {}, async (star) => {
      await star.startHub();
      await star.b.start();
      await star.a.spawn().seen(/\[ready\]/);
      mesh.names(
        star.a,
        "interface.up",
        /down: the network plan was not applied.*ip link set snr0 mtu 1400 up/,
      );
      mesh.names(star.a, "interface.address", /ip addr add 10\.0\.0\.2\/24 dev snr0/);
      star.a.applyPlan();
      assert.deepEqual(troubles(examine(star.a), "interface.up"), []);
      star.lab.ip("a", "route del 10.0.0.0/24 dev snr0");
      mesh.names(star.a, "interface.routes", /10\.0\.0\.0\/24 is routed nowhere/);
    }));

  it("a full disk at save", () =>
    mesh.broken("disk", {}, async (star) => {
      const folder = dirname(star.a.socketPath);
      star.lab.mountMemory(folder, "64k");
      await star.start();
      assert.equal(star.a.client("save").status, 0, "there is room at first");
      fill(join(folder, "filler"));
      const saved = star.a.client("save");
      assert.equal(saved.status, 1);
      await star.a.daemon?.seen(/^save failed: \S+: no space left on device$/m);
      assert.equal(mesh.names(star.a, "host.disk", /full: "subnetra save" fails/).level, "fail");
      await star.a.stop();
    }));

  it("a daemon that does not run, and why", () =>
    mesh.broken("dead", {}, async (star) => {
      star.a.writeConfig();
      const found = mesh.names(
        star.a,
        "daemon.running",
        /does not run: nobody listens at subnetra\.sock.*start/,
      );
      assert.equal(found.level, "fail");
      const other = star.lab.start("a", "squatter", [
        process.execPath,
        "-e",
        `require("node:dgram").createSocket("udp4").bind(${PORT}, () => console.log("bound"))`,
      ]);
      await other.seen(/bound/);
      mesh.names(star.a, "daemon.running", new RegExp(`likely because \\w.* holds UDP port ${PORT}`));
      await other.stop();
      writeFileSync(star.a.configPath, '{"role":"spoke"}', { mode: 0o600 });
      mesh.names(star.a, "config.file", /config\.json: \w+/);
    }));
});

/** Writes to a file until its disk is full. */
function fill(path: string): void {
  const piece = Buffer.alloc(4096, 1);
  for (let i = 0; i < 1024; i++) {
    try {
      writeFileSync(path, piece, { flag: "a" });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      return;
    }
  }
  assert.fail("the disk is not small");
}
