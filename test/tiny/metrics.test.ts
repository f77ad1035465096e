// The static file writes the metrics that the Node.js build writes, of small meshes and of large ones.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { root, run, skipWithout, tiny, withFolder } from "../support/tiny/tiny.ts";

const skip = skipWithout("amd64");
const helper = fileURLToPath(new URL("../support/platform/status-daemon.js", import.meta.url));
const nodejs = [process.execPath, join(root, "bin/subnetra")];

for (const peers of [0, 3, 4000])
  test(`metrics of ${peers} peers on both builds`, { skip, timeout: 300_000 }, () =>
    withFolder(async (folder) => {
      const socket = join(folder, "s.sock");
      const env = { SUBNETRA_SOCK: socket };
      const daemon = spawn(process.execPath, [helper, socket, String(peers)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        await once(daemon.stdout, "data");
        daemon.stdout.resume();
        const wanted = run([...nodejs, "metrics"], { env });
        assert.equal(wanted.status, 0, wanted.stderr);
        const started = performance.now();
        const here = run([tiny, "subnetra", "metrics"], { env });
        if (peers > 3) console.log(`${peers} peers: ${Math.round(performance.now() - started)} ms`);
        assert.equal(here.status, 0, here.stderr);
        assert.ok(here.stdout === wanted.stdout, "the same text");
        assert.equal(wanted.stdout.match(/^subnetra_peer_info/gm)?.length ?? 0, peers);
        const place = join(folder, "a/b");
        const file = join(place, "subnetra.prom");
        const shell = [
          "sh",
          "-c",
          'umask 077; exec "$0" "$@"',
          tiny,
          "subnetra",
          "metrics",
          "--textfile",
          file,
        ];
        assert.equal(run(shell, { env }).status, 0);
        assert.ok(readFileSync(file, "utf8") === wanted.stdout);
        assert.equal(statSync(file).mode & 0o777, 0o644);
        assert.deepEqual(readdirSync(place), ["subnetra.prom"]);
      } finally {
        daemon.kill("SIGKILL");
      }
      const down = run([tiny, "subnetra", "metrics"], { env });
      assert.equal(down.status, 0);
      assert.match(down.stdout, /\nsubnetra_up 0\n$/);
      assert.match(down.stderr, /^metrics: the daemon is not running/);
    }),
  );

test("the exporter is not in the static file, and it says so", { skip }, () => {
  const { status, stderr } = run([tiny, "subnetra", "exporter"]);
  assert.equal(status, 1);
  assert.match(stderr, /^subnetra: exporter is not in this file: it needs Node\.js/);
});
