// SIGUSR1 opens no debugger and SIGHUP ends nothing, on both builds, while the daemon starts and while it runs.
//
// Node resets every signal when a program is executed, so a SIGHUP before the first line of ours still ends it: then
// nothing is left behind.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../lab/project.ts";
import { Daemon, finished, sleep, spokeConfig, subnetra, subnetrad } from "../support/platform/daemon.ts";
import { needsTun } from "../support/platform/requirements.ts";

const STATIC_FILE = join(root, "dist/tiny/subnetra-linux-amd64");
const BUILDS = [
  { name: "Node.js", program: [process.execPath, subnetrad], skip: false },
  {
    name: "static file",
    program: [STATIC_FILE, "subnetrad"],
    skip: !existsSync(STATIC_FILE) && "not built: npm run build:tiny",
  },
];
const LISTEN = "0A";

/** TCP ports somebody listens on in the daemon's network namespace, as /proc writes them. */
function listening(daemon: Daemon): string[] {
  try {
    const sockets = ["tcp", "tcp6"].flatMap((file) =>
      readFileSync(`/proc/${daemon.pid}/net/${file}`, "latin1").split("\n").slice(1),
    );
    return sockets.map((line) => line.trim().split(/\s+/)).flatMap((f) => (f[3] === LISTEN ? [f[1]!] : []));
  } catch {
    // It has ended.
    return [];
  }
}

async function withDaemon(program: readonly string[], run: (daemon: Daemon) => Promise<void>): Promise<void> {
  const daemon = new Daemon(spokeConfig(), { program });
  try {
    await run(daemon);
  } finally {
    await daemon.dispose();
  }
}

async function assertServes(daemon: Daemon): Promise<void> {
  const status = await finished(daemon.inside([process.execPath, subnetra, "status"]));
  assert.match(status.out, /tun=snr0 peers=1/);
  assert.ok(existsSync(daemon.socket));
  assert.deepEqual(listening(daemon), []);
}

for (const { name, program, skip } of BUILDS) {
  describe(`ignored signals, ${name}`, { skip: needsTun || skip }, () => {
    for (const signal of ["SIGUSR1", "SIGHUP"] as const) {
      test(`${signal} changes nothing in a running daemon`, async () => {
        await withDaemon(program, async (daemon) => {
          await daemon.ready();
          for (let i = 0; i < 5; i++) {
            daemon.signal(signal);
            await sleep(60);
          }
          await assertServes(daemon);
          daemon.signal("SIGTERM");
          assert.deepEqual(await daemon.exited, { code: 0, signal: null });
          assert.ok(!existsSync(daemon.socket));
        });
      });

      test(`${signal} at any moment of the start opens nothing and leaves nothing`, async () => {
        let started = 0;
        for (let delay = 4; delay <= 420; delay += 32) {
          await withDaemon(program, async (daemon) => {
            await sleep(delay);
            daemon.signal(signal);
            const ready = await daemon.ready().then(
              () => true,
              () => false,
            );
            if (!ready) {
              assert.equal((await daemon.exited).signal, signal, `${delay} ms: ${daemon.output}`);
              assert.ok(!existsSync(daemon.socket), `${delay} ms`);
              return;
            }
            started++;
            await sleep(80);
            assert.deepEqual(listening(daemon), [], `${signal} after ${delay} ms: ${daemon.output}`);
            assert.ok(existsSync(daemon.socket));
          });
        }
        assert.ok(started > 0, `${started} daemons came to their ready line`);
      });
    }
  });
}
