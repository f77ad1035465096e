// The Debian packages as files: what Debian's checker says, the same bytes twice, one for each machine. That they install,
// upgrade and purge is shown by systemd.test.ts, and without systemd here.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { findCommand } from "../../lab/prerequisites.ts";
import { must, run } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate, Machine, noMachine } from "../support/deploy/machine.ts";
import { fileOf } from "../support/tiny/tiny.ts";

const deb = await import(pathToFileURL(join(root, "scripts/release/deb.mjs")).href);
const MACHINES: { [target: string]: string } = deb.DEB_MACHINES;
const built = Object.keys(MACHINES).filter((target) => existsSync(fileOf(target)));
const without = (command: string) => !gate && findCommand(command) === undefined && `needs ${command}`;

describe("the Debian packages", {
  skip: without("dpkg-deb") || (!gate && built.length === 0 && "no static file: npm run build:tiny"),
}, () => {
  const make = async (out: string): Promise<string[]> => {
    const documents = await deb.documentsOfPackages();
    return built.map((target) => join(root, deb.makeDeb(target, documents, { out })));
  };

  it("are there for every machine that Debian has a name for, and are the same bytes twice", async () => {
    if (gate) assert.deepEqual(built, Object.keys(MACHINES));
    const [first, second] = [await make("dist/deb"), await make("dist/deb-again")];
    for (let i = 0; i < first.length; i++) {
      assert.deepEqual(readFileSync(first[i]!), readFileSync(second[i]!), first[i]);
      assert.equal(must(["dpkg-deb", "-f", first[i]!, "Architecture"]).trim(), MACHINES[built[i]!]);
    }
  });

  it("hold everything as root's, the folder of the keys closed", async () => {
    const [file] = await make("dist/deb");
    const list = must(["dpkg-deb", "-c", file!]);
    for (const line of list.trim().split("\n")) assert.match(line, / root\/root /);
    assert.match(list, /^drwx------ .* \.\/etc\/subnetra\/$/m);
    assert.match(list, /^-rwxr-xr-x .* \.\/usr\/sbin\/subnetrad$/m);
    assert.match(list, / \.\/usr\/bin\/subnetra -> \.\.\/sbin\/subnetrad$/m);
    for (const name of ["subnetra.1", "subnetrad.8", "subnetra-config.5"])
      assert.ok(list.includes(`${name}.gz`));
  });

  it("pass lintian without an error or a warning", { skip: without("lintian") }, async () => {
    for (const file of await make("dist/deb")) {
      const { stdout } = run(["lintian", "--allow-root", "--fail-on", "error", file], { timeoutMs: 120000 });
      assert.equal(stdout, "", file);
    }
  });

  it("have scripts that shellcheck accepts", { skip: without("shellcheck") }, () => {
    must(["shellcheck", ...["postinst", "prerm", "postrm"].map((name) => join(root, "deploy/debian", name))]);
  });

  it("install, keep changed settings over an upgrade, and purge where no systemd runs", {
    skip: noMachine(),
  }, async () => {
    const machine = new Machine();
    try {
      const documents = await deb.documentsOfPackages();
      machine.must("dpkg", "-i", machine.bring(deb.makeDeb("amd64", documents)));
      assert.match(machine.must("subnetra", "--version"), /^subnetra v/);
      machine.must(
        "sh",
        "-c",
        "echo SUBNETRA_UP=0 >> /etc/default/subnetrad; umask 077; echo {} > /etc/subnetra/config.json",
      );
      const next = deb.makeDeb("amd64", documents, { version: "99.0.0", out: "dist/deb-upgrade" });
      machine.must("dpkg", "-i", "--force-confold", machine.bring(next));
      assert.match(machine.must("cat", "/etc/default/subnetrad"), /^SUBNETRA_UP=0$/m);
      machine.must("rm", "/etc/subnetra/config.json");
      machine.must("dpkg", "-P", "subnetra");
      const left = machine.must(
        "find",
        "/etc",
        "/usr",
        "/var/lib",
        "/run",
        "-name",
        "*subnetra*",
        "-not",
        "-path",
        "/var/lib/dpkg/*",
      );
      assert.equal(left, "");
    } finally {
      await machine.close();
    }
  });
});
