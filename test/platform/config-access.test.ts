// The warning of a configuration that others may use, by real daemons: once, although the start runs twice.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Daemon, spokeConfig } from "../support/platform/daemon.ts";
import { needsTun } from "../support/platform/requirements.ts";

test("a daemon that restarts without privileges warns of its configuration's mode once", {
  skip: needsTun,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "subnetra-access-"));
  const path = join(directory, "open.json");
  writeFileSync(path, spokeConfig(), { mode: 0o644 });
  const daemon = new Daemon("", { configPath: path });
  try {
    await daemon.ready();
    const lines = daemon.output.split("\n").filter((line) => line.startsWith("warning"));
    assert.equal(lines.length, 1, daemon.output);
    assert.match(
      lines[0]!,
      / has mode 0644 and owner 0: .*; run: chmod 600 \/tmp\/subnetra-access-\S+\/open\.json$/,
    );
  } finally {
    await daemon.dispose();
    rmSync(directory, { recursive: true });
  }
});
