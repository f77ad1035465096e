// The file where there is nothing else: an empty root, and a root with BusyBox and the start script.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { must } from "../../lab/process.ts";
import { addBusybox, addTun } from "../support/roots.ts";
import { root as project, skipUnless, skipWithout, tiny } from "../support/tiny/tiny.ts";

const APPLETS = ["sh", "mkdir", "dirname", "grep", "cat", "kill", "rm", "sleep"];
const SOCKET = "/run/subnetra/subnetra.sock";

const config = JSON.stringify({
  role: "spoke",
  local_id: 2,
  local_tun_ip: "10.77.0.2/24",
  peers: [{ id: 1, endpoint: "192.0.2.1:18020", psk: newKey() }],
});

/** A folder to be a root file system. */
function emptyRoot(): string {
  const folder = mkdtempSync(join(tmpdir(), "subnetra-root-"));
  mkdirSync(join(folder, "run"));
  return folder;
}

const skip = skipWithout("amd64") || skipUnless("ip", "busybox", "mknod");

describe("An otherwise empty root", { skip }, () => {
  let lab: Lab;
  let folder: string;

  before(() => {
    lab = new Lab("tinyroot");
    lab.addNamespace("n");
    folder = emptyRoot();
    addTun(folder);
    copyFileSync(tiny, join(folder, "subnetra"));
    chmodSync(join(folder, "subnetra"), 0o755);
    writeFileSync(join(folder, "config.json"), config, { mode: 0o600 });
  });
  after(() => {
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const client = (...args: string[]) => lab.exec("n", ["chroot", folder, "/subnetra", "subnetra", ...args]);

  it("becomes a spoke that sets its interface up by itself", async () => {
    const command = ["chroot", folder, "/subnetra", "subnetrad", "--config", "/config.json"];
    const daemon = lab.start("n", "subnetrad", command, { SUBNETRA_SOCK: "", SUBNETRA_UP: "1" });
    await daemon.seen(/\[ready\]/);
    assert.match(
      lab.exec("n", ["ip", "-4", "addr", "show", "snr0"]).stdout,
      /UP[\s\S]*inet 10\.77\.0\.2\/24 /,
    );
    assert.match(lab.exec("n", ["ip", "route"]).stdout, /^10\.77\.0\.0\/24 dev snr0 /m);
    assert.equal(await daemon.stop(), 0);
  });

  it("runs the daemon; status and policy come from the same file", async () => {
    const command = ["chroot", folder, "/subnetra", "subnetrad", "--config", "/config.json"];
    const daemon = lab.start("n", "subnetrad", command, { SUBNETRA_SOCK: "" });
    await daemon.seen(/\[ready\]/);
    assert.match(client("status").stdout, /^subnetra v[\d.]+ \[running\]\n/);
    const add = "policy add --src 0.0.0.0/0 --dst 192.0.2.0/24 --action drop".split(" ");
    assert.equal(client(...add).stdout, "ok 3 rules\n");
    assert.match(client("policy", "show").stdout, /--dst 192\.0\.2\.0\/24 --action drop\n$/);
    assert.equal(client("save").stdout, `saved 3 rule(s) to ${SOCKET}.policy\n`);
    assert.equal(await daemon.stop(), 0);
    assert.equal(client("status").stderr, `subnetra: daemon not running (socket ${SOCKET})\n`);
  });
});

describe("BusyBox and the start script", { skip }, () => {
  let lab: Lab;
  let folder: string;

  before(() => {
    lab = new Lab("tinybusy");
    lab.addNamespace("n");
    folder = emptyRoot();
    for (const path of ["tmp", "etc/subnetra", "usr/local/bin"])
      mkdirSync(join(folder, path), { recursive: true });
    addBusybox(folder, APPLETS);
    copyFileSync(tiny, join(folder, "usr/local/bin/subnetrad"));
    chmodSync(join(folder, "usr/local/bin/subnetrad"), 0o755);
    symlinkSync("subnetrad", join(folder, "usr/local/bin/subnetra"));
    copyFileSync(join(project, "deploy/busybox/subnetrad.init"), join(folder, "etc/subnetrad.init"));
    chmodSync(join(folder, "etc/subnetrad.init"), 0o755);
  });
  after(() => {
    script("stop");
    lab?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const script = (action: string) =>
    lab.exec("n", [
      "env",
      "-i",
      "PATH=/bin",
      must(["which", "chroot"]).trim(),
      folder,
      "/etc/subnetrad.init",
      action,
    ]);
  const device = () => lab.exec("n", ["ip", "link", "show", "snr0"]).status === 0;

  it("refuses a configuration that fails the check", () => {
    writeFileSync(join(folder, "etc/subnetra/config.json"), '{ "role": "spoke" }', { mode: 0o600 });
    const { status, stderr } = script("start");
    assert.equal(status, 1);
    assert.match(stderr, /^subnetrad: config \/etc\/subnetra\/config\.json failed --check; not starting$/m);
    assert.equal(device(), false);
  });

  it("starts, answers, restarts and stops", () => {
    writeFileSync(join(folder, "etc/subnetra/config.json"), config, { mode: 0o600 });
    assert.equal(script("start").status, 0);
    assert.equal(device(), true);
    assert.match(script("status").stdout, /^subnetra v[\d.]+ \[running\]\n/);
    assert.equal(script("restart").status, 0);
    assert.match(script("status").stdout, /^subnetra v/);
    assert.equal(script("stop").status, 0);
    assert.equal(device(), false);
    assert.equal(script("status").status, 1);
  });
});
