// The C sources: formatted, and clean under a static analyser.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, run, skipUnless, withFolder } from "./tiny.ts";

const FOLDER = join(root, "src/platform/tiny");
const sources = readdirSync(FOLDER)
  .filter((name) => /\.[ch]$/.test(name))
  .map((name) => join(FOLDER, name));

test("clang-format has nothing to change", { skip: skipUnless("clang-format") }, () => {
  const result = run(["clang-format", "--dry-run", "-Werror", ...sources]);
  assert.equal(result.status, 0, result.stderr);
});

test("cppcheck has nothing to say", { skip: skipUnless("cppcheck") }, async () => {
  await withFolder((folder) => {
    mkdirSync(join(folder, "include"));
    writeFileSync(join(folder, "include/engine-variants.h"), "VARIANT(plain)\n");
    const result = run([
      "cppcheck",
      "--enable=warning,style,performance,portability",
      "--error-exitcode=1",
      "--quiet",
      "--suppress=missingIncludeSystem",
      "-D_GNU_SOURCE",
      `-I${join(folder, "include")}`,
      `-I${join(root, ".cache/tiny/generated")}`,
      `-I${FOLDER}`,
      // The other two are frames around generated code.
      ...sources.filter((path) => path.endsWith(".c") && !path.endsWith("-unit.c")),
    ]);
    assert.equal(`${result.stdout}${result.stderr}`, "");
    assert.equal(result.status, 0);
  });
});
