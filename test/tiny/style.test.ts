// The C sources: formatted, and clean under a static analyser.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, run, skipUnless } from "../support/tiny/tiny.ts";

const FOLDERS = ["src/platform/tiny", "src/engine/native"].map((folder) => join(root, folder));
const sources = FOLDERS.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(folder, name)),
);

test("clang-format has nothing to change", { skip: skipUnless("clang-format") }, () => {
  const result = run(["clang-format", "--dry-run", "-Werror", ...sources]);
  assert.equal(result.status, 0, result.stderr);
});

test("cppcheck has nothing to say", { skip: skipUnless("cppcheck") }, () => {
  const result = run([
    "cppcheck",
    "--enable=warning,style,performance,portability",
    "--error-exitcode=1",
    "--quiet",
    "--suppress=missingIncludeSystem",
    "-D_GNU_SOURCE",
    `-I${join(root, ".cache/tiny/generated")}`,
    ...FOLDERS.map((folder) => `-I${folder}`),
    // The others are frames around generated code, or compiled with names that the build gives.
    ...sources.filter((path) => path.endsWith(".c") && !path.endsWith("-unit.c")),
  ]);
  assert.equal(`${result.stdout}${result.stderr}`, "");
  assert.equal(result.status, 0);
});
