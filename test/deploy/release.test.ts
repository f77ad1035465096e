// A release: what it holds, that its sums are right, that it is the same twice, and when there may be none.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { must, run } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate } from "../support/deploy/machine.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const load = (path: string) => import(pathToFileURL(join(root, "scripts", path)).href);
const { recordGate, releaseObstacles } = await load("release/gate.mjs");
const { TAG, VERSION } = (await load("release/version.mjs")) as { TAG: string; VERSION: string };
const { debName } = await load("release/deb.mjs");

test("there is none unless tag and version agree, the tree is as committed and the gate has passed", () => {
  const folder = mkdtempSync(join(tmpdir(), "subnetra-gate-"));
  const git = (...args: string[]) =>
    must(["git", "-C", folder, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
  const obstacles = () => releaseObstacles("v1.2.3", folder) as string[];
  try {
    git("init", "-q");
    writeFileSync(join(folder, ".gitignore"), ".cache/\n");
    git("add", "-A");
    git("commit", "-qm", "one");
    assert.deepEqual(obstacles().length, 2, "no tag, no record");
    git("tag", "v1.2.4");
    assert.match(obstacles()[0]!, /its tag is v1\.2\.4/);
    git("tag", "-d", "v1.2.4");
    git("tag", "v1.2.3");
    assert.match(obstacles().join(), /^the gate has not passed for this commit \(no record\): \.ci\/run$/);
    recordGate(folder);
    assert.deepEqual(obstacles(), []);
    writeFileSync(join(folder, "new"), "");
    assert.match(obstacles().join(), /^files differ from the commit/);
    assert.throws(() => recordGate(folder), /not as committed/);
    git("add", "-A");
    git("commit", "-qm", "two");
    git("tag", "-f", "v1.2.3");
    assert.match(obstacles().join(), /^the gate has not passed for this commit \(the record is of/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("npm run release refuses here and now, and makes nothing", {
  skip: releaseObstacles().length === 0 && "this very commit may be released",
}, () => {
  const { status, stderr } = run([process.execPath, join(root, "scripts/tiny/release.mjs")]);
  assert.equal(status, 1);
  assert.match(stderr, /^release: /);
});

test("the files of a release, with right sums, and the same twice", {
  skip: !gate && !existsSync(fileOf(nativeTarget)) && "no static file: npm run build:tiny",
  timeout: 900000,
}, () => {
  const folder = join(root, "dist/release-draft");
  const make = () => {
    const made = run(
      [process.execPath, join(root, "scripts/tiny/release.mjs"), "--draft", "--target", nativeTarget],
      { timeoutMs: 400000 },
    );
    assert.equal(made.status, 0, made.stderr);
    return readFileSync(join(folder, "SHA256SUMS.txt"), "utf8");
  };
  const sums = make();
  const name = `subnetra-${TAG}-linux-${nativeTarget}`;
  const wanted = [
    `${name}.tar.gz`,
    debName(nativeTarget),
    ...["", "-legacy"].map((kind) => `subnetra-image-${TAG}-${nativeTarget}${kind}.tar.gz`),
    `subnetra-${TAG}.cdx.json`,
    "install.sh",
    "uninstall.sh",
  ];
  for (const file of [...wanted, "SHA256SUMS.txt"]) assert.ok(readdirSync(folder).includes(file), file);
  for (const file of wanted) assert.match(sums, new RegExp(`^[0-9a-f]{64}  ${file}$`, "m"));
  must(["sh", "-c", `cd ${folder} && sha256sum --quiet -c SHA256SUMS.txt`]);
  const list = must(["tar", "tzf", join(folder, `${name}.tar.gz`)]).split("\n");
  for (const file of [
    "LICENSE",
    "README.md",
    "config.example.json",
    "hub.json",
    "spoke-a.json",
    "spoke-b.json",
    "subnetra",
    "subnetrad",
    "subnetrad.init",
    "subnetrad.service",
    "subnetrad@.service",
  ])
    assert.ok(list.includes(`${name}/${file}`), file);
  const bill = JSON.parse(readFileSync(join(folder, `subnetra-${TAG}.cdx.json`), "utf8"));
  assert.equal(bill.metadata.component.version, VERSION);
  assert.deepEqual(
    bill.components.map((part: { name: string }) => part.name),
    ["duktape", "musl", "koffi"],
  );
  assert.equal(make(), sums);
});
