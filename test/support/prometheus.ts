// Prometheus' own judge, and what the exporter can say.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  BUILD_INFO,
  NODE_FAMILIES,
  PEER_FAMILIES,
  PEER_INFO,
  SCHEMA_VERSION,
  UP,
} from "../../src/core/metrics/families.ts";
import { COUNTER_NAMES } from "../../src/core/status/counters.ts";

const missing = spawnSync("promtool", ["--version"]).status !== 0;

/** Value of a test's `skip` option: in CI a missing promtool is a failure. */
export const needsPromtool: string | false =
  missing && process.env.CI !== "true" ? "needs promtool (Debian: prometheus)" : false;

/** Runs promtool; it must be content. Returns what it says. */
export function promtool(args: readonly string[], input = "", cwd?: string): string {
  const result = spawnSync("promtool", args, { input, encoding: "utf8", cwd, maxBuffer: 1 << 28 });
  assert.equal(result.status, 0, `promtool ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** Every metric that the exporter has. */
export const METRIC_NAMES: readonly string[] = [
  ...[UP, SCHEMA_VERSION, BUILD_INFO, ...NODE_FAMILIES, ...PEER_FAMILIES, PEER_INFO].map(({ name }) => name),
  ...COUNTER_NAMES.map((name) => `subnetra_${name}_total`),
];
