// Two builds of one commit are identical: everything is built again from the sources in another folder.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileOf, root, run, skipWithout, targets, withFolder } from "../support/tiny/tiny.ts";

const present = Object.keys(targets).filter((name) => skipWithout(name) === false);

test(`a build elsewhere gives the same bytes (${present.join(", ")})`, { timeout: 1800000 }, async () => {
  await withFolder((folder) => {
    const files = run(["git", "-C", root, "ls-files", "-z"]).stdout.split("\0").filter(Boolean);
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      cpSync(join(root, file), join(folder, file));
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    mkdirSync(join(folder, ".cache"));
    // The compiler and the C library it has made are shared; every object of ours has a path of its own and is new.
    for (const shared of ["venv", "zig"])
      symlinkSync(join(root, ".cache", shared), join(folder, ".cache", shared));
    const choice = present.flatMap((name) => ["--target", name]);
    const built = run([process.execPath, "scripts/tiny/build.mjs", ...choice], {
      timeout: 1700000,
      cwd: folder,
    });
    assert.equal(built.status, 0, built.stderr);
    for (const name of present) {
      const again = readFileSync(join(folder, `dist/tiny/subnetra-linux-${name}`));
      assert.ok(again.equals(readFileSync(fileOf(name))), `${name} differs`);
    }
  });
});
