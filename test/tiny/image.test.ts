// Container images and release archives: what container tools say about them, and the unpacked root in action.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, test } from "node:test";
import { newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { must } from "../../lab/process.ts";
import { addTun } from "../support/roots.ts";
import {
  checkFile,
  nativeTarget,
  root,
  run,
  skipUnless,
  skipWithout,
  targets,
} from "../support/tiny/tiny.ts";

const VERSION = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version as string;
const LIMIT = 1 << 20;
const image = (target: string, kind = "") =>
  join(root, `dist/tiny/subnetra-image-v${VERSION}-${target}${kind}.tar`);
const present = Object.keys(targets).filter((name) => skipWithout(name) === false);
const skip = skipWithout(nativeTarget) || skipUnless("ip", "skopeo", "umoci", "unshare");

function build(): void {
  const choice = present.flatMap((name) => ["--target", name]);
  const result = run([process.execPath, join(root, "scripts/tiny/image.mjs"), ...choice]);
  assert.equal(result.status, 0, result.stderr);
}

test("images are small and the same each time", { skip }, () => {
  build();
  const first = present.map((name) => [readFileSync(image(name)), readFileSync(image(name, "-legacy"))]);
  build();
  present.forEach((name, i) => {
    for (const [j, kind] of ["", "-legacy"].entries()) {
      assert.ok(statSync(image(name, kind)).size <= LIMIT, `${name}${kind}`);
      assert.ok(readFileSync(image(name, kind)).equals(first[i]![j]!), `${name}${kind}`);
    }
  });
});

test("skopeo reads both layouts", { skip }, () => {
  for (const name of present) {
    for (const source of [
      `oci-archive:${image(name)}`,
      `docker-archive:${image(name)}`,
      `docker-archive:${image(name, "-legacy")}`,
    ]) {
      const seen = JSON.parse(must(["skopeo", "inspect", source]));
      assert.equal(seen.Os, "linux");
      assert.equal(seen.Layers.length, 1);
      const config = JSON.parse(must(["skopeo", "inspect", "--config", "--raw", source]));
      assert.deepEqual(config.config.Entrypoint, ["/usr/local/bin/subnetrad"]);
      assert.equal(config.config.WorkingDir, "/etc/subnetra");
      assert.equal(config.config.User, undefined);
      assert.equal(config.config.Cmd, undefined);
      assert.deepEqual(config.config.Healthcheck.Test, ["CMD", "/usr/local/bin/subnetra", "status"]);
    }
  }
});

test("the index stands for every architecture under both tags", { skip }, () => {
  const all = ["amd64", "arm64", "armv7", "armv5"];
  if (!all.every((name) => present.includes(name))) return;
  const file = join(root, `dist/tiny/subnetra-image-v${VERSION}.tar`);
  for (const tag of ["latest", `v${VERSION}`]) {
    const index = JSON.parse(must(["skopeo", "inspect", "--raw", `oci-archive:${file}:${tag}`]));
    const platforms = index.manifests.map(
      (entry: { platform: { os: string; architecture: string; variant?: string } }) =>
        [entry.platform.os, entry.platform.architecture, entry.platform.variant ?? ""].join("/"),
    );
    assert.deepEqual(platforms, ["linux/amd64/", "linux/arm64/v8", "linux/arm/v7", "linux/arm/v5"]);
  }
  const seen = JSON.parse(
    must(["skopeo", "inspect", "--override-arch=arm", "--override-variant=v7", `oci-archive:${file}:latest`]),
  );
  assert.equal(seen.Architecture, "arm");
  assert.equal(seen.Labels["org.opencontainers.image.version"], `v${VERSION}`);
  assert.match(seen.Labels["org.opencontainers.image.revision"], /^[0-9a-f]{40}$/);
});

describe("The unpacked image", { skip }, () => {
  let lab: Lab;
  let folder: string;

  before(() => {
    lab = new Lab("tinyimage");
    lab.addNamespace("n");
    const layout = lab.path("n", "layout");
    must(["skopeo", "copy", "--quiet", `oci-archive:${image(nativeTarget)}`, `oci:${layout}:test`]);
    must(["umoci", "unpack", "--image", `${layout}:test`, lab.path("n", "bundle")]);
    folder = join(lab.path("n", "bundle"), "rootfs");
    addTun(folder);
  });
  after(() => lab?.close());

  const inside = (...command: string[]) => ["unshare", `--root=${folder}`, "--wd=/etc/subnetra", ...command];

  it("holds the program under both names, an example and the socket's folder", () => {
    assert.deepEqual(checkFile(join(folder, "usr/local/bin/subnetrad")), []);
    assert.equal(statSync(join(folder, "usr/local/bin/subnetrad")).mode & 0o777, 0o755);
    assert.ok(statSync(join(folder, "run/subnetra")).isDirectory());
    // The example must be edited first: its placeholder for a key is refused.
    copyFileSync(join(folder, "etc/subnetra/config.example.json"), join(folder, "etc/subnetra/config.json"));
    const checked = lab.exec("n", inside("/usr/local/bin/subnetrad", "--check"));
    assert.match(checked.stderr, /^config load failed \(config\.json\): InvalidPsk\n/);
    rmSync(join(folder, "etc/subnetra/config.json"));
  });

  it("finds a mounted configuration without arguments; the health check tells", async () => {
    const health = () => lab.exec("n", inside("/usr/local/bin/subnetra", "status")).status;
    assert.equal(health(), 1);
    const config = { local_id: 2, peers: [{ id: 1, endpoint: "192.0.2.1:18020", psk: newKey() }] };
    writeFileSync(join(folder, "etc/subnetra/config.json"), JSON.stringify(config), { mode: 0o600 });
    const daemon = lab.start("n", "subnetrad", inside("/usr/local/bin/subnetrad"));
    await daemon.seen(/sock=\/run\/subnetra\/subnetra\.sock \[ready\]/);
    assert.equal(health(), 0);
    assert.equal(await daemon.stop(), 0);
    assert.equal(health(), 1);
  });
});
