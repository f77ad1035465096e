// deploy/busybox/subnetrad.init under BusyBox's shell and tools: whatever is asked of it, and in whatever order, no daemon
// is left without a file that names its process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { must } from "../../lab/process.ts";
import { root, skipUnless, skipWithout, tiny } from "../support/tiny/tiny.ts";

const APPLETS = ["sh", "mkdir", "dirname", "grep", "cat", "kill", "rm", "sleep"];
const SCRIPT = join(root, "deploy/busybox/subnetrad.init");
const config = JSON.stringify({
  role: "spoke",
  local_id: 2,
  local_tun_ip: "10.77.0.2/24",
  peers: [{ id: 1, endpoint: "192.0.2.1:18020", psk: newKey() }],
});

describe("BusyBox start script", { skip: skipWithout("amd64") || skipUnless("ip", "busybox") }, () => {
  let lab: Lab;
  let pidFile: string;
  let words: string[];

  before(() => {
    lab = new Lab("tinyinit");
    lab.addNamespace("n");
    const busybox = must(["which", "busybox"]).trim();
    for (const applet of APPLETS) symlinkSync(busybox, lab.path("bin", applet));
    for (const name of ["subnetrad", "subnetra"]) symlinkSync(tiny, lab.path("bin", name));
    writeFileSync(lab.path("etc", "config.json"), config, { mode: 0o600 });
    pidFile = lab.path("run", "subnetrad.pid");
    words = [
      "/usr/bin/env",
      "-i",
      `PATH=${join(lab.folder, "bin")}`,
      `SUBNETRAD=${lab.path("bin", "subnetrad")}`,
      `SUBNETRA=${lab.path("bin", "subnetra")}`,
      `SUBNETRA_CONFIG=${lab.path("etc", "config.json")}`,
      `SUBNETRA_SOCK=${lab.path("run", "subnetra.sock")}`,
      `PIDFILE=${pidFile}`,
      `LOG=${lab.path("run", "subnetrad.log")}`,
      lab.path("bin", "sh"),
      SCRIPT,
    ];
  });
  after(() => lab?.close());
  beforeEach(() => {
    script("stop");
    assert.deepEqual(daemons(), [], "stop leaves no daemon");
  });

  const script = (action: string) => lab.exec("n", [...words, action]);
  const startLater = () =>
    new Promise<number | null>((resolve) => {
      const [program, ...rest] = lab.inside("n", [...words, "start"]);
      spawn(program!, rest, { stdio: "ignore" }).on("exit", resolve);
    });
  const commandLine = (pid: string) => readFileSync(`/proc/${pid}/cmdline`, "latin1");
  /** Process ids of the daemons in the namespace. */
  const daemons = () =>
    must(["ip", "netns", "pids", lab.fullName("n")])
      .split("\n")
      .filter((pid) => pid !== "" && existsSync(`/proc/${pid}`) && commandLine(pid).includes("--config"));
  const named = () => readFileSync(pidFile, "utf8").trim();

  it("a second start changes nothing, and stop still finds the daemon", () => {
    assert.equal(script("start").status, 0);
    const [pid] = daemons();
    assert.equal(named(), pid);
    const again = script("start");
    assert.equal(again.stdout, `subnetrad: runs already (process ${pid})\n`);
    assert.equal(again.status, 0);
    assert.equal(named(), pid);
    assert.deepEqual(daemons(), [pid]);
    assert.equal(script("status").status, 0);
    assert.equal(script("stop").status, 0);
    assert.deepEqual(daemons(), []);
    assert.equal(existsSync(pidFile), false);
  });

  it("of several starts at once one starts a daemon, and all succeed", async () => {
    assert.deepEqual(await Promise.all([startLater(), startLater(), startLater()]), [0, 0, 0]);
    assert.equal(daemons().length, 1);
    assert.equal(named(), daemons()[0]);
  });

  it("a daemon that somebody else started is left alone, and so is the file", async () => {
    const other = lab.start("n", "other", [...words.slice(0, -2), ...outside()]);
    await other.seen(/\[ready\]/);
    const refused = script("start");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /not started here answers at .*; not starting\n$/);
    assert.equal(existsSync(pidFile), false);
    assert.equal(daemons().length, 1);
    assert.equal(await other.stop(), 0);
  });
  const outside = () => [lab.path("bin", "subnetrad"), "--config", lab.path("etc", "config.json")];

  it("a number that has become another program's is not ours to stop", async () => {
    const stranger = lab.start("n", "stranger", ["sleep", "60"]);
    writeFileSync(pidFile, `${stranger.pid}\n`);
    assert.equal(script("start").status, 0);
    assert.notEqual(named(), String(stranger.pid));
    writeFileSync(lab.path("run", "kept"), named());
    writeFileSync(pidFile, `${stranger.pid}\n`);
    assert.equal(script("stop").status, 0);
    assert.equal(stranger.exitCode, undefined);
    writeFileSync(pidFile, readFileSync(lab.path("run", "kept")));
    assert.equal(script("stop").status, 0);
    assert.deepEqual(daemons(), []);
    await stranger.stop();
  });

  it("a daemon that does not get ready is ended", () => {
    lab.ip("n", "tuntap add dev snr0 mode tap");
    try {
      assert.equal(script("start").status, 1);
      assert.deepEqual(daemons(), []);
      assert.equal(existsSync(pidFile), false);
    } finally {
      lab.ip("n", "tuntap del dev snr0 mode tap");
    }
  });
});
