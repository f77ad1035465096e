// What the README says for Debian, done word for word on two fresh machines under systemd: install, config-gen with an inventory,
// then the checklist it wrote. Two stand-ins: a shell function for sudo (the machines have root only), and a copy of the file
// for scp (there is no SSH server).

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { until } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate, Machine, noMachine } from "../support/deploy/machine.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const deb = await import(pathToFileURL(join(root, "scripts/release/deb.mjs")).href);

/** The three shell blocks of the README's quick start: install, make the mesh, try it. */
function commands(): [string, string, string] {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const [section] = /^## Five minutes$[\s\S]*?(?=^## |^### )/m.exec(text)!;
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  assert.equal(blocks.length, 3, "the quick start has three blocks of shell");
  return blocks as [string, string, string];
}

const skip =
  noMachine() ||
  (!gate && nativeTarget !== "amd64" && "the README installs amd64") ||
  (!gate && !existsSync(fileOf("amd64")) && "no static file: npm run build:tiny");

describe("the README's quick start on two fresh Debian machines", { skip, timeout: 300_000 }, () => {
  const [install, make, attempt] = commands();
  let office: Machine;
  let berlin: Machine;
  let checklist: string;

  before(async () => {
    const [file] = (await deb.makeDebs(["amd64"])) as string[];
    office = new Machine();
    berlin = new Machine();
    for (const machine of [office, berlin]) {
      machine.bring(file!);
      await machine.boot();
    }
    office.connect("192.0.2.1/24", berlin, "192.0.2.2/24");
  });
  after(async () => {
    await office?.close();
    await berlin?.close();
  });

  const shell = (machine: Machine, text: string) =>
    machine.must("sh", "-e", "-c", `sudo() { "$@"; }\ncd /root\n${text}`);

  /** Does the checklist's part for one node; what it says of the firewall is for people. */
  const follow = (name: string, machine: Machine) => {
    const part = new RegExp(`^\\[ \\] ${name} .*\\n((?: {4}.*\\n)+)`, "m").exec(checklist)![1]!;
    let copied = 0;
    for (const line of part.trimEnd().split("\n")) {
      const there = /^ {4}there: (.*)$/.exec(line);
      const scp = /^ {4}scp (\S+) root@\S+?:(\S+)$/.exec(line);
      if (there) shell(machine, there[1]!);
      else if (scp) {
        machine.write(scp[2]!, readFileSync(join(office.root, "root/mesh", scp[1]!), "utf8"));
        copied++;
      } else assert.match(line, /^ {4}firewall: /);
    }
    return copied;
  };

  it("installs", () => {
    for (const machine of [office, berlin]) {
      shell(machine, install);
      assert.match(machine.must("subnetra", "--version"), /^subnetra v/);
    }
  });

  it("makes the mesh", () => {
    shell(office, make);
    checklist = office.must("cat", "/root/mesh/CHECKLIST.txt");
  });

  it("starts hub and spoke as the checklist says", async () => {
    assert.equal(follow("office", office), 2);
    assert.equal(follow("berlin", berlin), 1);
    for (const machine of [office, berlin]) {
      const state = () => machine.property("subnetrad.service", "ActiveState");
      await until("the service is active", 15000, () => state() === "active");
    }
  });

  it("and they talk", () => {
    const output = shell(berlin, attempt);
    assert.match(output, /^3 packets transmitted, 3 received, 0% packet loss/m);
    assert.match(output, /^subnetra v[\d.]+ \[running\]$/m);
  });
});
