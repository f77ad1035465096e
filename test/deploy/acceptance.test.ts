// Acceptance items 4 to 20 of deployment.md §13 with what a user installs: the same end-to-end tests, once with each. Items 33 to
// 35 are those of test/tiny/openwrt.test.ts.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { labUnavailable } from "../../lab/prerequisites.ts";
import { installArchive, installDeb, installImage, installOpenwrt } from "../support/deploy/installs.ts";
import { gate, Machine, noMachine } from "../support/deploy/machine.ts";
import { ACCEPTANCE_MS, assertAccepted } from "../support/e2e/acceptance.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const skip =
  noMachine() ||
  (!gate && labUnavailable(["busybox", "nft", "ping", "tcpdump"])) ||
  (!gate && !existsSync(fileOf(nativeTarget)) && "no static file: npm run build:tiny");

describe("acceptance items 4 to 20", { skip, timeout: 4 * ACCEPTANCE_MS }, () => {
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

  it("the packed npm archive, installed for everybody", () => assertAccepted(archive));

  it("the Debian package in a Debian root", () => assertAccepted(debian));

  it("spokes from the container image in an otherwise empty root, each sets itself up", () =>
    assertAccepted(`hub=${debian},spokes=${installImage(join(folder, "image"))}`));

  it("spokes from the OpenWrt package in a root of BusyBox, a hub from the npm archive", () =>
    assertAccepted(`hub=${archive},spokes=${installOpenwrt(join(folder, "openwrt"))}`));
});
