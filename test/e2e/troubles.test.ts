// What goes wrong in real meshes: each trouble breaks one so, and the doctor names the cause. The same check passes on the
// healthy mesh. The doctor runs on Node.js beside daemons of either build.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import type { MeshNode } from "../../lab/mesh-node.ts";
import { ping } from "../../lab/ping.ts";
import { must } from "../../lab/process.ts";
import { builds, root } from "../../lab/project.ts";
import { A_ID, A_OVERLAY, B_OVERLAY, HUB_UNDERLAY_A, PORT, Star, type StarOptions } from "../../lab/star.ts";
import {
  examine,
  type Finding,
  nodejs,
  type Report,
  runDoctor,
  screen,
  troubles,
} from "../support/e2e/doctor.ts";
import { forEveryone } from "../support/e2e/for-everyone.ts";
import { assertNoSecrets } from "../support/e2e/secrets.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const NOBODY = 65534;
const PATH_LIMIT = 1300;
const SCREENS = join(root, "test/support/e2e/screens");

type Name = "hub" | "a" | "b";

endToEnd("Troubles", () => {
  let healthy: Star;
  const well = {} as Record<Name, Report>;

  before(async () => {
    healthy = new Star("well", { builds, kind: "roles" });
    await healthy.start();
    assert.equal(
      ping(healthy.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received,
      3,
      "the mesh works",
    );
    for (const name of ["hub", "a", "b"] as const) well[name] = examine(healthy[name]);
  });
  after(() => healthy?.close());

  /** Breaks a mesh of its own and cleans up after. */
  async function broken(
    label: string,
    options: Partial<StarOptions>,
    body: (star: Star) => Promise<void> | void,
  ): Promise<void> {
    const star = new Star(label, { builds, kind: "roles", ...options });
    try {
      await body(star);
      const keys = [star.keys.a, star.keys.b, ...star.nodes.flatMap((n) => n.config.peers.map((p) => p.psk))];
      assertNoSecrets(
        star.lab.results.map(({ stdout, stderr }) => stdout + stderr),
        keys.map((key) => Buffer.from(key, "hex")),
      );
    } finally {
      star.close();
    }
  }

  /** The doctor beside `node` names the cause; beside the healthy one the same check has nothing to say. */
  function names(node: MeshNode, check: string, pattern: RegExp, counter: string | null = null): Finding {
    const report = examine(node);
    const [found] = troubles(report, check, counter);
    assert.ok(found, `${check} says nothing:\n${JSON.stringify(report.findings, null, 1)}`);
    assert.match(`${found.text} / ${found.remedy}`, pattern);
    assert.notEqual(found.remedy, "");
    assert.deepEqual(
      troubles(well[node.name as Name], check, counter),
      [],
      "the healthy mesh passes this check",
    );
    return found;
  }

  const tryPing = (star: Star, from: string, to: string, size = 56) =>
    ping(star.lab, from, to, { count: 2, intervalSeconds: 0.2, waitSeconds: 1, size }).received;

  it("none: nothing fails on the healthy mesh, and what is told stays the same", () => {
    for (const [name, report] of Object.entries(well)) {
      assert.equal(report.status, 0, name);
      const told = report.findings.filter(({ level, check }) => level !== "pass" && check !== "clock.source");
      assert.deepEqual(told, [], name);
    }
    compareScreen("healthy", healthy.a);
  });

  it("without root it says what could not be read", () => {
    const { client } = forEveryone(healthy.lab, nodejs);
    const wrap = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", "--"];
    must(["chmod", "711", dirname(healthy.a.configPath)]);
    const result = runDoctor(healthy.a, { words: ["--json"], wrap, client });
    assert.equal(result.stderr, "");
    const { findings } = JSON.parse(result.stdout) as { findings: Finding[] };
    const skipped = findings.filter((one) => one.skipped).map(({ check }) => check);
    for (const check of ["config.file", "daemon.running"]) assert.ok(skipped.includes(check), result.stdout);
    assert.equal(result.status, 0, result.stdout);
  });

  it("a wrong key", () =>
    broken(
      "key",
      {
        adjust: (name, config) => {
          if (name === "a") config.peers[0]!.psk = newKey();
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        const found = names(star.hub, "peer.key", /no key opens .*psk/);
        assert.equal(found.peer, A_ID);
        assert.equal(found.level, "fail");
        names(star.hub, "counter", /psk/, "drop_udp_unknown_peer");
        compareScreen("wrong-key", star.hub);
      },
    ));

  it("a clock that went back: the hub ignores the node", () =>
    // A static executable cannot be shown another clock, so the node with the wrong one is the Node.js build.
    broken("clock", { builds: { hub: builds.hub, spokes: nodejs } }, async (star) => {
      await star.startHub();
      await star.b.start();
      await star.a.start({ wrap: ["env", `LD_PRELOAD=${fakeTimeLibrary()}`, "FAKETIME=+30d"] });
      assert.equal(tryPing(star, "a", B_OVERLAY), 2);
      await star.a.restart();
      assert.equal(tryPing(star, "a", B_OVERLAY), 0);
      names(star.hub, "counter", /clock went back/, "drop_udp_auth_or_invalid");
      // What the node itself would see before a start with such a clock.
      const earlier = examine(star.a, ["faketime", "-f", "-30d"]);
      assert.match(troubles(earlier, "clock.back")[0]?.text ?? "", /clock/);
      await star.a.stop();
      const unset = examine(star.a, ["faketime", "2023-12-31 23:59:00"]);
      assert.match(troubles(unset, "clock.year")[0]?.text ?? "", /2023: .* before 2024/);
      assert.match(
        troubles(unset, "daemon.running")[0]?.text ?? "",
        /does not run.*likely because the clock/,
      );
    }));

  it("a wrong allowed_src", () =>
    broken(
      "source",
      {
        adjust: (name, config) => {
          if (name === "hub") config.peers[0]!.allowed_src = "10.0.0.22/32";
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        names(star.hub, "counter", /outside of the peer's allowed_src/, "drop_udp_spoof");
      },
    ));

  it("a wrong port", () =>
    broken(
      "port",
      {
        adjust: (name, config) => {
          if (name === "a") config.peers[0]!.endpoint = `${HUB_UNDERLAY_A}:${PORT + 1}`;
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        const found = names(
          star.a,
          "path.port",
          new RegExp(`nobody listens at ${HUB_UNDERLAY_A}:${PORT + 1}`),
        );
        assert.equal(found.level, "fail");
      },
    ));

  it("obfuscation off on one side", () =>
    broken(
      "obfuscate",
      {
        adjust: (name, config) => {
          if (name === "a") config.obfuscate = false;
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        assert.equal(tryPing(star, "b", A_OVERLAY), 0);
        names(star.hub, "peer.key", /obfuscate must be equal/);
        names(star.a, "counter", /obfuscate on \(it is off here\)/, "drop_udp_unknown_peer");
      },
    ));

  it("an MTU black hole", () =>
    broken("hole", {}, async (star) => {
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
      const found = names(star.a, "path.mtu", /black hole.*local_tun_mtu/);
      const limit = Number(/above (\d+) bytes/.exec(found.text)?.[1]);
      assert.ok(limit <= PATH_LIMIT && limit >= PATH_LIMIT - 8, found.text);
    }));

  it("a firewall on the hub", () =>
    broken("wall", {}, async (star) => {
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
      names(star.hub, "firewall.input", new RegExp(`inet filter input.*drops UDP to port ${PORT}`));
      star.lab.nft("hub", `add rule inet filter input udp dport { 53, ${PORT} } accept\n`);
      assert.deepEqual(
        troubles(examine(star.hub), "firewall.input"),
        [],
        "a rule that accepts is understood",
      );
      assert.equal(tryPing(star, "a", B_OVERLAY), 2);
    }));

  it("the plan not applied", () =>
    broken("plan", {}, async (star) => {
      await star.startHub();
      await star.b.start();
      await star.a.spawn().seen(/\[ready\]/);
      names(star.a, "interface.up", /down: the network plan was not applied.*ip link set snr0 mtu 1400 up/);
      names(star.a, "interface.address", /ip addr add 10\.0\.0\.2\/24 dev snr0/);
      star.a.applyPlan();
      assert.deepEqual(troubles(examine(star.a), "interface.up"), []);
      star.lab.ip("a", "route del 10.0.0.0/24 dev snr0");
      names(star.a, "interface.routes", /10\.0\.0\.0\/24 is routed nowhere/);
    }));

  it("a full disk at save", () =>
    broken("disk", {}, async (star) => {
      const folder = dirname(star.a.socketPath);
      must(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
      try {
        await star.start();
        assert.equal(star.a.client("save").status, 0, "there is room at first");
        fill(join(folder, "filler"));
        const saved = star.a.client("save");
        assert.equal(saved.status, 1);
        assert.equal(names(star.a, "host.disk", /full: "subnetra save" fails/).level, "fail");
        await star.a.stop();
      } finally {
        must(["umount", "--lazy", folder]);
      }
    }));

  it("a daemon that does not run, and why", () =>
    broken("dead", {}, async (star) => {
      star.a.writeConfig();
      const found = names(star.a, "daemon.running", /does not run: nobody listens at subnetra\.sock.*start/);
      assert.equal(found.level, "fail");
      const other = star.lab.start("a", "squatter", [
        process.execPath,
        "-e",
        `require("node:dgram").createSocket("udp4").bind(${PORT}, () => console.log("bound"))`,
      ]);
      await other.seen(/bound/);
      names(star.a, "daemon.running", new RegExp(`likely because \\w.* holds UDP port ${PORT}`));
      await other.stop();
      writeFileSync(star.a.configPath, '{"role":"spoke"}', { mode: 0o600 });
      names(star.a, "config.file", /config\.json: \w+/);
    }));

  /** Compares what a person sees with what was kept; SUBNETRA_KEEP_SCREENS=1 keeps it anew. */
  function compareScreen(name: string, node: MeshNode): void {
    const seen = screen(runDoctor(node).stdout);
    const file = join(SCREENS, `doctor-${name}.txt`);
    if (process.env.SUBNETRA_KEEP_SCREENS === "1") writeFileSync(file, seen);
    assert.equal(seen, readFileSync(file, "utf8"));
  }
});

/** The library that the faketime command puts in front: the command itself would not pass on a signal. */
function fakeTimeLibrary(): string {
  const library = /^LD_PRELOAD=(.+)$/m.exec(must(["faketime", "-m", "-f", "+0", "env"]))?.[1];
  assert.ok(library, "faketime names no library");
  return library;
}

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
