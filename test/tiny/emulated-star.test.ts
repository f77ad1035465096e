// A star of big-endian nodes, and one with a hub of the other order: what is on the wire is the same, and so is everything that a
// machine's own byte order could get into.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { labUnavailable } from "../../lab/prerequisites.ts";
import { ACCEPTANCE_MS, assertAccepted } from "../support/e2e/acceptance.ts";
import { commandFor, skipUnless, skipWithout } from "../support/tiny/tiny.ts";

const TARGET = "mips";
const skip =
  skipWithout(TARGET) ||
  skipUnless(commandFor(TARGET)[0]!) ||
  (process.env.CI !== "true" && labUnavailable(["ip", "nft", "ping", "tcpdump"]));

describe("A big-endian star", { skip, timeout: 2 * ACCEPTANCE_MS }, () => {
  let folder: string;
  let wrapper: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "subnetra-emulated-"));
    wrapper = join(folder, "subnetra");
    writeFileSync(wrapper, `#!/bin/sh\nexec ${commandFor(TARGET).join(" ")} "$@"\n`);
    chmodSync(wrapper, 0o755);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("of nothing else: acceptance items 4 to 19", () => assertAccepted(wrapper, false));

  it("with a hub on Node.js: acceptance items 4 to 19", () =>
    assertAccepted(`hub=nodejs,spokes=${wrapper}`, false));
});
