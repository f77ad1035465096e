// Makes a fresh clone ready: installs the locked dependencies when they are missing or older than the lockfile.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a command in the project's root, its output shown; ends this process with its exit code on failure. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) {
    console.error(`${command}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** True when every package of the lockfile that is not optional stands in node_modules with its version. */
function installed() {
  const recordPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(recordPath)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(recordPath, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === "" || entry.optional || present[path]?.version === entry.version,
  );
}

/** Where npm keeps its cache when the home folder is of no use for it, as that of a service user often is. */
function npmEnvironment() {
  try {
    accessSync(homedir(), constants.W_OK);
    return process.env;
  } catch {
    return { ...process.env, npm_config_cache: join(root, ".cache/npm") };
  }
}

export function setUp() {
  if (installed()) return;
  console.error("setting up: npm ci (once, about a minute)");
  const flags = ["--include=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  run("npm", ["ci", ...flags], { env: npmEnvironment() });
}
