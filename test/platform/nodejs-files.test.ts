// Files as the daemon's snapshot needs them: in a directory where somebody else may have put something first.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EEXIST, OPEN_CREATE, OPEN_LOCK } from "../../src/core/sys.ts";
import { closeFile, openFile, writeFile } from "../../src/platform/nodejs/files.ts";

function inDirectory(run: (directory: string) => void): () => void {
  return () => {
    const directory = mkdtempSync(join(tmpdir(), "subnetra-files-"));
    try {
      run(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

test(
  "a file to be written is private and new",
  inDirectory((directory) => {
    const path = join(directory, "new");
    const fd = openFile(path, OPEN_CREATE);
    assert.equal(writeFile(fd, Buffer.from("text"), 0, 4), 4);
    assert.equal(closeFile(fd), 0);
    assert.equal(readFileSync(path, "latin1"), "text");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(openFile(path, OPEN_CREATE), -EEXIST);
    // A lock file is not emptied: it may be a hard link to something else.
    assert.equal(closeFile(openFile(path, OPEN_LOCK)), 0);
    assert.equal(readFileSync(path, "latin1"), "text");
  }),
);

test(
  "a file to be written is not reached through a link",
  inDirectory((directory) => {
    symlinkSync(join(directory, "victim"), join(directory, "link"));
    assert.equal(openFile(join(directory, "link"), OPEN_CREATE), -EEXIST);
    assert.ok(openFile(join(directory, "link"), OPEN_LOCK) < 0);
    assert.ok(!existsSync(join(directory, "victim")));
  }),
);

test(
  "a pipe in the place of a file to be written is refused at once",
  { timeout: 5000 },
  inDirectory((directory) => {
    execFileSync("mkfifo", [join(directory, "pipe")]);
    assert.equal(openFile(join(directory, "pipe"), OPEN_CREATE), -EEXIST);
    assert.ok(openFile(join(directory, "pipe"), OPEN_LOCK) < 0);
  }),
);
