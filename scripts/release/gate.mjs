// The record that everything of .ci/run has passed, for this commit and nothing else. `npm run release` refuses without it.
//
//   node scripts/release/gate.mjs      writes it; .ci/run does, as its last step

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../setup.mjs";
import { git, TAG } from "./version.mjs";

const RECORD = ".cache/gate.json";

/** Changed or new files, or "" when the tree is as committed. */
const changes = (folder) => git("-C", folder, "status", "--porcelain") ?? "not a git repository";

/** Writes the record for the commit that is checked out. @throws when the tree is not that commit's */
export function recordGate(folder = root) {
  if (changes(folder) !== "") throw new Error("the tree is not as committed: no record is written");
  mkdirSync(dirname(join(folder, RECORD)), { recursive: true });
  writeFileSync(
    join(folder, RECORD),
    `${JSON.stringify({ commit: git("-C", folder, "rev-parse", "HEAD") })}\n`,
  );
}

/** Why no release may be made here, each with the remedy; empty when one may. */
export function releaseObstacles(tag = TAG, folder = root) {
  const obstacles = [];
  const commit = git("-C", folder, "rev-parse", "HEAD");
  const tags = (git("-C", folder, "tag", "--points-at", "HEAD") ?? "")
    .split("\n")
    .filter((name) => /^v\d/.test(name));
  if (!tags.includes(tag)) {
    const there = tags.length > 0 ? `its tag is ${tags.join(", ")}` : "it has no version tag";
    obstacles.push(
      `the sources are version ${tag}, but the commit says otherwise (${there}): git tag ${tag}`,
    );
  } else if (tags.length > 1) obstacles.push(`the commit has more than one version tag: ${tags.join(", ")}`);
  const dirty = changes(folder);
  if (dirty !== "") obstacles.push(`files differ from the commit: ${dirty.split("\n")[0]}`);
  const record = join(folder, RECORD);
  let passed;
  try {
    passed = existsSync(record) ? JSON.parse(readFileSync(record, "utf8")).commit : undefined;
  } catch {
    passed = "unreadable";
  }
  if (passed === undefined || passed !== commit)
    obstacles.push(
      `the gate has not passed for this commit (${passed === undefined ? "no record" : `the record is of ${passed}`}): .ci/run`,
    );
  return obstacles;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) recordGate();
