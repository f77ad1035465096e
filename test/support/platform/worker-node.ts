// A node in a worker thread, whose event loop the platform cannot see: Node's events must arrive all the same.

import assert from "node:assert/strict";
import { mkdtempSync, rmdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { READY_STOP, READY_UDP } from "../../../src/core/sys.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { drive } from "../../../src/platform/nodejs/driver.ts";
import { NodejsSys } from "../../../src/platform/nodejs/sys.ts";
import { Stage } from "./staging.ts";

const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });
assert.equal(sys.udpOpen(41_700), 0);

// A control socket too: Node's own umask function refuses in a worker.
const directory = mkdtempSync(join(tmpdir(), "subnetra-worker-"));
const control = sys.unixOpen(0);
assert.equal(sys.unixBind(control, join(directory, "control.sock"), 0o600), 0);
assert.equal(statSync(join(directory, "control.sock")).mode & 0o777, 0o600);

function send(): void {
  const stage = new Stage(engine);
  stage.udp(sys, { address: "127.0.0.1", port: 41_700 }, [Uint8Array.of(1)]);
  sys.udpSend(1);
}

function turn(): boolean {
  const ready = sys.wait(-1);
  if ((ready & READY_UDP) !== 0 && sys.udpReceive(0) > 0) send();
  return (ready & READY_STOP) === 0;
}

const running = drive({ turn }, sys);
for (const busy of [false, true]) {
  if (busy) send();
  // Without a turn of Node's these never end, and the test's time-out tells.
  await delay(20);
  await readFile("/proc/self/status");
}
sys.requestStop();
await running;
sys.closeAll();
sys.close(control);
sys.unlink(join(directory, "control.sock"));
rmdirSync(directory);
parentPort!.postMessage("done");
