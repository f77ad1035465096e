// Shared by the end-to-end tests: when they run, what they record, what must never be printed.

import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { before, describe, type SuiteContext } from "node:test";
import { labUnavailable } from "../../../lab/prerequisites.ts";
import { builds } from "../../../lab/project.ts";

const COMMANDS = ["ip", "nft", "ping", "tcpdump", "setpriv", "faketime", "sysctl"];

const TIMEOUT_MS = 180000;

/** Length of the memory test in seconds. */
export const soakSeconds = Number(process.env.SUBNETRA_SOAK_SECS ?? 15);

/** In CI and for a release, a test that cannot run has failed. */
const gate = process.env.CI === "true" || process.env.SUBNETRA_RELEASE_GATE === "1";

/** A group of end-to-end tests; skipped with the reason where the host has no root, TUN or tools. */
export function endToEnd(title: string, body: (context: SuiteContext) => void): void {
  const reason = labUnavailable(COMMANDS);
  const name = `${title} (hub ${builds.hub.name}, spokes ${builds.spokes.name})`;
  if (reason && !gate) {
    describe(name, { skip: reason }, () => {});
    return;
  }
  describe(name, { timeout: TIMEOUT_MS + soakSeconds * 1000 }, (context) => {
    before(() => assert.equal(reason, undefined, "a release allows no skip"));
    body(context as SuiteContext);
  });
}

/** Adds a line to the evidence block (deployment.md §13 item 22) when the runner collects one. */
export function record(key: string, value: string | number): void {
  const file = process.env.SUBNETRA_EVIDENCE;
  if (file) appendFileSync(file, `${key}=${value}\n`);
}
