// scripts/check-citations.mjs: every document and section that the project cites exists.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const { brokenCitations } = (await import(pathToFileURL(join(root, "scripts/check-citations.mjs")).href)) as {
  brokenCitations(folder: string): string[];
};

test("every citation in the project leads somewhere", () => {
  assert.deepEqual(brokenCitations(root), []);
});

test("the specification is all there", () => {
  const folder = mkdtempSync(join(tmpdir(), "citations-"));
  try {
    cpSync(join(root, "docs/spec"), join(folder, "docs/spec"), { recursive: true });
    mkdirSync(join(folder, "src"));
    const cite = (text: string) => {
      writeFileSync(join(folder, "src/a.ts"), text);
      return brokenCitations(folder).filter((line) => line.startsWith("src/"));
    };
    for (let n = 1; n <= 21; n++) assert.deepEqual(cite(`// wire-protocol.md §${n}`), []);
    for (let n = 1; n <= 9; n++) assert.deepEqual(cite(`// control-protocol.md §${n}`), []);
    for (let n = 1; n <= 10; n++) assert.deepEqual(cite(`// config.md §${n}`), []);
    for (let n = 1; n <= 6; n++) assert.deepEqual(cite(`// daemon-cli.md §${n}`), []);
    for (let n = 1; n <= 5; n++) assert.deepEqual(cite(`// os-backends.md §${n}`), []);
    assert.deepEqual(
      cite("// policy.md, deployment.md §13\n// RFC 8439 §2.5.1 and wire-protocol.md §3; §9 too"),
      [],
    );

    assert.deepEqual(cite("//\n// wire-protocol.md §99"), ["src/a.ts:2: wire-protocol.md has no §99"]);
    assert.deepEqual(cite("// config.md §1–§77"), ["src/a.ts:1: config.md has no §77"]);
    assert.deepEqual(cite("// config.md §5,\n// §78"), [
      "src/a.ts:2: §78 is in none of the documents this file cites",
    ]);
    assert.deepEqual(cite("// config.md\n// §79"), ["src/a.ts:1: config.md has no §79"]);
    assert.deepEqual(cite("// additions.md §3"), ["src/a.ts:1: additions.md does not exist"]);
    assert.deepEqual(cite("// as §9 says"), ["src/a.ts:1: §9 is in none of the documents this file cites"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
