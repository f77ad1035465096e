// Acceptance items 4 to 20 of deployment.md §13 with what a user installs: the same end-to-end tests, once with each. Items 33 to
// 35 are those of test/tiny/openwrt.test.ts.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { labUnavailable } from "../../lab/prerequisites.ts";
import { compiled, root } from "../../lab/project.ts";
import { installArchive, installDeb, installImage, installOpenwrt } from "../support/deploy/installs.ts";
import { gate, Machine, noMachine } from "../support/deploy/machine.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const FILES = ["star-manual", "star-roles", "soak"].map((name) => compiled(`test/e2e/${name}.test.ts`));
const ITEMS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
const LIMIT_MS = 400_000;

/** Runs the end-to-end tests of the acceptance items. Returns the exit status and what was printed. */
function accept(builds: string): Promise<{ status: number | null; output: string }> {
  // Without the mark of the test around it: these report for themselves, and nothing may be skipped.
  const env: NodeJS.ProcessEnv = { ...process.env, SUBNETRA_E2E_BIN: builds, SUBNETRA_RELEASE_GATE: "1" };
  delete env.NODE_TEST_CONTEXT;
  const words = ["--test", "--test-concurrency=1", "--test-reporter=tap", ...FILES];
  const child = spawn(process.execPath, words, { cwd: root, env, timeout: LIMIT_MS });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, output })));
}

/** The numbers of the acceptance items whose tests passed, from "ok 3 - items 8 and 9: …". */
function passed(output: string): number[] {
  const numbers = new Set<number>();
  for (const [, title] of output.matchAll(/^ *ok \d+ - items? ([\d –and]+):/gm)) {
    const [first, last] = title!.match(/\d+/g)!.map(Number);
    for (let item = first!; item <= (last ?? first!); item++) numbers.add(item);
  }
  return [...numbers].sort((a, b) => a - b);
}

const skip =
  noMachine() ||
  (!gate && labUnavailable(["busybox", "nft", "ping", "tcpdump"])) ||
  (!gate && !existsSync(fileOf(nativeTarget)) && "no static file: npm run build:tiny");

describe("acceptance items 4 to 20", { skip, timeout: 4 * LIMIT_MS }, () => {
  let folder: string;
  let machine: Machine;
  let archive: string;
  let debian: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "subnetra-installs-"));
    machine = new Machine();
    archive = installArchive(join(folder, "npm"));
    debian = await installDeb(machine);
  });
  after(async () => {
    await machine?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const holds = async (builds: string) => {
    const { status, output } = await accept(builds);
    assert.equal(status, 0, output);
    assert.deepEqual(
      passed(output).filter((item) => ITEMS.includes(item)),
      ITEMS,
      output,
    );
  };

  it("the packed npm archive, installed for everybody", () => holds(archive));

  it("the Debian package in a Debian root", () => holds(debian));

  it("spokes from the container image in an otherwise empty root, each sets itself up", () =>
    holds(`hub=${debian},spokes=${installImage(join(folder, "image"))}`));

  it("spokes from the OpenWrt package in a root of BusyBox, a hub from the npm archive", () =>
    holds(`hub=${archive},spokes=${installOpenwrt(join(folder, "openwrt"))}`));
});
