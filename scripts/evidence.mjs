// The evidence block of deployment.md §13 item 22: what was built and what was shown, as key=value lines.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

/** Keys that a test records only when it has passed. */
const GATES = ["netns_e2e", "active_probe", "memory_soak"];

function gitCommit() {
  const result = spawnSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : "unknown";
}

function sizesBelow(folder, pattern) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => [name, statSync(join(path, name)).size]);
}

/**
 * The block. `recorded` is what the tests wrote (key=value lines, the last one of a key counts), `exitCode` that of
 * the whole run.
 */
export function collectEvidence(recorded, exitCode) {
  const lines = new Map();
  lines.set(
    "release_gate",
    process.env.SUBNETRA_RELEASE_GATE === "1" || process.env.CI === "true" ? "1" : "0",
  );
  lines.set("git_commit", gitCommit());
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const tools = ["typescript", "assemblyscript"].map((name) => `${name}-${manifest.devDependencies[name]}`);
  lines.set("toolchain", [`node-${process.versions.node}`, ...tools].join(","));
  const engines = sizesBelow("dist/src/engine", /\.wasm$/);
  const binaries = sizesBelow("dist/tiny", /^subnetra-linux-/);
  lines.set(
    "targets",
    ["node", ...binaries.map(([name]) => name.replace("subnetra-linux-", "tiny-"))].join(","),
  );
  for (const [name, size] of [...engines, ...binaries]) lines.set(`size_${name.replace(/\W/g, "_")}`, size);
  lines.set("all_tests", exitCode === 0 ? "pass" : "fail");
  for (const gate of GATES) lines.set(gate, "not_shown");
  for (const line of recorded.split("\n").filter(Boolean)) {
    const at = line.indexOf("=");
    lines.set(line.slice(0, at), line.slice(at + 1));
  }
  return [...lines].map(([key, value]) => `${key}=${value}`).join("\n");
}
