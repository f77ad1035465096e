// Shared by the abuse tests: when they run, and on which build.
//
// An abuse test attacks real daemons in network namespaces and measures what is left for those who behave. It runs
// once per build (SUBNETRA_E2E_BIN), never beside another one, and reports through figure().

import assert from "node:assert/strict";
import { before, describe, type SuiteContext } from "node:test";
import { labUnavailable } from "../../../lab/prerequisites.ts";
import { builds } from "../../../lab/project.ts";
import { buildName } from "./figures.ts";

const COMMANDS = ["ip", "nft", "ping", "tcpdump", "iperf3", "setpriv", "sysctl", "taskset", "tc"];
const TIMEOUT_MS = 420000;

/** In CI and for a release, a test that cannot run has failed. */
const gate = process.env.CI === "true" || process.env.SUBNETRA_RELEASE_GATE === "1";

/** A group of abuse tests; skipped with the reason where the host has no root, TUN or tools. */
export function abuse(title: string, body: (context: SuiteContext) => void): void {
  const reason = labUnavailable(COMMANDS);
  const name = `${title} [${buildName}]`;
  if (reason && !gate) {
    describe(name, { skip: reason }, () => {});
    return;
  }
  describe(name, { timeout: TIMEOUT_MS }, (context) => {
    before(() => {
      assert.equal(reason, undefined, "a release allows no skip");
      assert.equal(builds.hub.name, builds.spokes.name, "an abuse test runs one build at a time");
    });
    body(context as SuiteContext);
  });
}
