// The units under a real systemd, as they are installed: the static file from the Debian package, the Node.js build from this
// clone. Two nodes of one machine form no mesh here; what is shown is how the service lives and ends.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { pathToFileURL } from "node:url";
import { newKey } from "../../lab/config.ts";
import { findCommand } from "../../lab/prerequisites.ts";
import { run, until } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate, Machine, noMachine } from "../support/deploy/machine.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const module = (path: string) => import(pathToFileURL(join(root, "scripts", path)).href);
const { units, unitFor } = (await module("systemd-units.mjs")) as {
  units(): [string, string][];
  unitFor(text: string, program: string): string;
};
const deb = await module("release/deb.mjs");

const UNIT = "subnetrad.service";
/** The original's unit has 4.6. */
const EXPOSURE = { static: 2.2, nodejs: 2.2 };

const config = (id: number, network: string, port: number) =>
  JSON.stringify({
    role: "spoke",
    local_id: id,
    listen_port: port,
    virtual_subnet: `${network}.0/24`,
    local_tun_ip: `${network}.2/24`,
    peers: [{ id: 1, endpoint: "127.0.0.1:18021", allowed_src: `${network}.0/24`, psk: newKey() }],
  });

test("the units in deploy/systemd are those that scripts/systemd-units.mjs makes", () => {
  for (const [path, text] of units())
    assert.equal(readFileSync(join(root, "deploy/systemd", path), "utf8"), text, path);
});

describe("what systemd says about the units", {
  skip: !gate && findCommand("systemd-analyze") === undefined && "needs systemd-analyze",
}, () => {
  for (const [path, text] of units()) {
    test(`${path}: nothing wrong, and little exposed`, () => {
      const folder = join("/tmp", `subnetra-units-${process.pid}`);
      try {
        const file = join(folder, path.replace("nodejs/", "").replace("@", "@x"));
        spawnSync("mkdir", ["-p", folder]);
        spawnSync("tee", [file], { input: unitFor(text, "/bin/true") });
        const verify = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
        assert.equal(verify.stderr, "");
        assert.equal(verify.status, 0);
        const security = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", file], {
          encoding: "utf8",
        });
        const level = Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(security.stdout)?.[1]);
        assert.ok(level <= (path.startsWith("nodejs/") ? EXPOSURE.nodejs : EXPOSURE.static), `${level}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

const skip =
  noMachine() || (!gate && !existsSync(fileOf(nativeTarget)) && "no static file: npm run build:tiny");

describe("under systemd", { skip, timeout: 240_000 }, () => {
  let machine: Machine;
  let bringsUp = true;

  const pid = (unit: string) => Number(machine.property(unit, "MainPID"));
  const active = (unit: string) => machine.property(unit, "ActiveState") === "active";
  const back = (unit: string, old: number) =>
    until(
      `${unit} is back`,
      15000,
      () => active(unit) && pid(unit) !== old && pid(unit) > 0 && machine.journal(unit).includes("[ready]"),
    );
  const status = (socket: string, program: string[]) =>
    machine.run(["env", `SUBNETRA_SOCK=${socket}`, ...program, "status"]).stdout;

  before(async () => {
    machine = new Machine();
    const [file] = (await deb.makeDebs([nativeTarget])) as string[];
    machine.must("dpkg", "-i", machine.bring(file!));
    bringsUp = machine.must("subnetrad", "--help").includes("--up");
    assert.ok(bringsUp || !gate, "the units need a daemon that brings itself up and notifies");
    if (!bringsUp) {
      for (const name of ["subnetrad.service", "subnetrad@.service"])
        machine.write(`/etc/systemd/system/${name}.d/without-notify.conf`, "[Service]\nType=exec\n");
    }
    machine.write("/etc/subnetra/config.json", config(2, "10.77.0", 18020), 0o600);
    machine.write("/etc/subnetra/lab.json", config(3, "10.78.0", 19000), 0o600);
    machine.write("/etc/subnetra/node.json", config(4, "10.79.0", 19001), 0o600);
    machine.must("systemctl", "enable", UNIT);
    await machine.boot([`${process.execPath}:/usr/local/bin/node`, `${root}:/opt/subnetra`]);
    machine.must("ip", "link", "set", "lo", "up");
  });
  after(() => machine?.close());

  it("starts with the machine, after network and clock", async () => {
    await until("the service is there", 15000, () => active(UNIT));
    for (const target of ["network-online.target", "time-sync.target"]) {
      assert.ok(machine.property(UNIT, "After").split(" ").includes(target), target);
      assert.ok(machine.property(UNIT, "Wants").split(" ").includes(target), target);
    }
    const stamp = (unit: string, name: string) => Number(machine.property(unit, name));
    const started = stamp(UNIT, "ExecMainStartTimestampMonotonic");
    assert.ok(stamp("network-online.target", "ActiveEnterTimestampMonotonic") <= started);
  });

  it("says in the journal what it checked and when it was ready, and brings the interface up", async () => {
    await until("ready", 15000, () => machine.journal(UNIT).includes("[ready]"));
    assert.match(
      machine.journal(UNIT),
      /\[config ok\][\s\S]*tun=snr0 sock=\/run\/subnetra\/subnetra\.sock \[ready\]/,
    );
    assert.match(status("/run/subnetra/subnetra.sock", ["subnetra"]), /^subnetra v\S+ \[running\]/);
    if (bringsUp) {
      assert.match(machine.must("ip", "addr", "show", "dev", "snr0"), /<.*UP.*>[\s\S]*inet 10\.77\.0\.2\/24/);
      assert.match(machine.property(UNIT, "StatusText"), /0|online/);
    }
  });

  it("has no capability left, writes no core file, and its folders are its own", () => {
    const main = pid(UNIT);
    const proc = machine.must("cat", `/proc/${main}/status`);
    for (const name of ["CapEff", "CapPrm", "CapInh", "CapAmb"])
      assert.match(proc, new RegExp(`^${name}:\\t0+$`, "m"));
    assert.match(proc, /^Seccomp:\t2$/m);
    assert.match(machine.must("cat", `/proc/${main}/limits`), /^Max core file size +0 +0 /m);
    assert.match(
      machine.must("stat", "-c", "%a", "/run/subnetra", "/var/lib/subnetra", "/etc/subnetra"),
      /^700\n700\n700\n$/,
    );
  });

  it("comes back after kill -9", async () => {
    const old = pid(UNIT);
    machine.must("sh", "-c", `kill -9 ${old}`);
    await back(UNIT, old);
  });

  it("comes back after its device was removed, and says so", async () => {
    const old = pid(UNIT);
    machine.must("ip", "link", "del", "snr0");
    await back(UNIT, old);
    assert.match(machine.journal(UNIT), /reactor exited: TunLost/);
    await until("the device is back", 10000, () => machine.run(["ip", "link", "show", "snr0"]).status === 0);
  });

  it("keeps saved rules over a restart, and stops at once without a failure", async () => {
    machine.must("subnetra", "save");
    assert.ok(machine.must("ls", "/run/subnetra").includes("subnetra.sock.policy"));
    const started = performance.now();
    machine.must("systemctl", "stop", UNIT);
    assert.ok(performance.now() - started < 5000, "it does not wait to be killed");
    assert.equal(machine.property(UNIT, "Result"), "success");
    assert.equal(machine.run(["ip", "link", "show", "snr0"]).status, 1);
    assert.equal(machine.must("ls", "/run/subnetra").trim(), "subnetra.sock.policy");
    machine.must("systemctl", "start", UNIT);
    await until("ready again", 10000, () => active(UNIT));
  });

  it("refuses a configuration that fails the check, with the reason in the journal", () => {
    machine.must("systemctl", "stop", UNIT);
    machine.must("sed", "-i", 's/"role":"spoke"/"role":"spook"/', "/etc/subnetra/config.json");
    assert.notEqual(machine.run(["systemctl", "start", UNIT]).status, 0);
    machine.must("systemctl", "stop", UNIT);
    assert.match(machine.journal(UNIT), /InvalidRole/);
    machine.must("sed", "-i", 's/"role":"spook"/"role":"spoke"/', "/etc/subnetra/config.json");
    machine.must("systemctl", "start", UNIT);
  });

  it("runs a second mesh beside it, with device, socket and state of its own", async () => {
    machine.must("systemctl", "start", "subnetrad@lab.service");
    await until("ready", 10000, () => machine.journal("subnetrad@lab.service").includes("[ready]"));
    assert.match(status("/run/subnetra-lab/subnetra.sock", ["subnetra"]), /local_id=3 .*tun=snr-lab/);
    assert.match(status("/run/subnetra/subnetra.sock", ["subnetra"]), /local_id=2 .*tun=snr0/);
    assert.ok(machine.must("ls", "/var/lib/subnetra").includes("lab"));
    machine.must("systemctl", "stop", "subnetrad@lab.service");
    assert.ok(active(UNIT), "the first one does not notice");
  });

  it("restarts what runs on an upgrade; with a file that the new program refuses the old one goes on", async () => {
    const documents = await deb.documentsOfPackages();
    const out = "dist/deb-upgrade";
    for (const [version, broken] of [
      ["99.0.0", false],
      ["99.0.1", true],
    ] as const) {
      const old = pid(UNIT);
      const file = deb.makeDeb(nativeTarget, documents, { version, out }) as string;
      const inside = `/run/${version}.deb`;
      // The running machine has its own /run; hand the package over on standard input.
      machine.run(["sh", "-c", `base64 -d > ${inside}`], readFileSync(join(root, file)).toString("base64"));
      if (broken) machine.must("sed", "-i", 's/"role":"spoke"/"role":"spook"/', "/etc/subnetra/config.json");
      const result = machine.run(["dpkg", "-i", inside]);
      assert.equal(result.status, 0, result.stderr);
      if (broken) {
        assert.match(result.stderr, /subnetrad\.service was not restarted/);
        assert.equal(pid(UNIT), old);
        machine.must("sed", "-i", 's/"role":"spook"/"role":"spoke"/', "/etc/subnetra/config.json");
      } else await back(UNIT, old);
    }
  });

  it("is the same service on Node.js", async () => {
    const text = units().find(([path]) => path === "nodejs/subnetrad@.service")![1];
    const unit = unitFor(text, "/opt/subnetra/bin/subnetrad").replace(
      "Type=notify",
      bringsUp ? "Type=notify" : "Type=exec",
    );
    machine.run(["sh", "-c", "cat > /run/systemd/system/subnetrad-nodejs@.service"], unit);
    machine.must("systemctl", "daemon-reload");
    machine.must("systemctl", "start", "subnetrad-nodejs@node.service");
    await until("ready", 15000, () => machine.journal("subnetrad-nodejs@node.service").includes("[ready]"));
    assert.match(status("/run/subnetra-node/subnetra.sock", ["subnetra"]), /local_id=4 .*tun=snr-node/);
    const old = pid("subnetrad-nodejs@node.service");
    const proc = machine.must("cat", `/proc/${old}/status`);
    assert.match(proc, /^CapEff:\t0+$/m);
    machine.must("sh", "-c", `kill -9 ${old}`);
    await back("subnetrad-nodejs@node.service", old);
    machine.must("systemctl", "stop", "subnetrad-nodejs@node.service");
    assert.equal(machine.property("subnetrad-nodejs@node.service", "Result"), "success");
  });

  it("is stopped when the package is removed; purge leaves nothing but what the operator wrote", () => {
    machine.must("dpkg", "-r", "subnetra");
    assert.equal(machine.run(["ip", "link", "show", "snr0"]).status, 1, "stopped");
    assert.ok(machine.must("ls", "/etc/default").includes("subnetrad"), "removal keeps the settings");
    const purged = machine.run(["dpkg", "-P", "subnetra"]);
    assert.equal(purged.status, 0, purged.stderr);
    assert.match(purged.stderr, /\/etc\/subnetra is kept/);
    for (const path of [
      "/var/lib/subnetra",
      "/run/subnetra",
      "/etc/default/subnetrad",
      "/usr/sbin/subnetrad",
    ])
      assert.equal(machine.run(["test", "-e", path]).status, 1, path);
    const links = machine.run(["ls", "/etc/systemd/system/multi-user.target.wants"]).stdout;
    assert.doesNotMatch(links, /subnetrad/);
    assert.match(machine.must("ls", "/etc/subnetra"), /config\.json/);
  });
});

test("systemd-nspawn leaves nothing behind", { skip }, () => {
  assert.equal(run(["sh", "-c", `mount | grep -c subnetra-machine || true`]).stdout.trim(), "0");
});
