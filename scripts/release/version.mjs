// What a release is called and when it was made.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";

export const VERSION = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

/** The version as names of archives and tags have it. */
export const TAG = `v${VERSION}`;

/** What git answers, or null. */
export function git(...args) {
  const result = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Seconds since 1970 that archives carry: SOURCE_DATE_EPOCH, else the last commit's. */
export function sourceDate() {
  return Number(process.env.SOURCE_DATE_EPOCH ?? git("log", "-1", "--format=%ct") ?? 0);
}
