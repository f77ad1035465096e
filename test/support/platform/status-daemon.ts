// A daemon's control socket with the status of a mesh of any size, made by the daemon's own jobs. Ends by a signal.
//
//   node status-daemon.js <socket path> <peers>
//
// Prints "ready", then one line per request heard.

import { bindControl } from "../../../src/core/control/socket.ts";
import { COUNTER_NAMES } from "../../../src/core/status/counters.ts";
import { StatusJob, StatusPageJob } from "../../../src/core/status/jobs.ts";
import type { StatusForm } from "../../../src/core/status/status.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { NodejsSys } from "../../../src/platform/nodejs/sys.ts";
import { bigStatus } from "./status-text.ts";

const peers = Number(process.argv[3]);
const form: StatusForm = bigStatus(COUNTER_NAMES);
const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });
const socket = bindControl({ engine, sys }, process.argv[2]!)!;
process.stdout.write("ready\n");
for (;;) {
  sys.wait(-1);
  for (let request = socket.receive(); request !== null; request = socket.receive()) {
    const line = String(request);
    process.stdout.write(`${line}\n`);
    const page = /^status --json --from (\d+)$/.exec(line);
    const job = page ? new StatusPageJob(form, peers, "run1", Number(page[1])) : new StatusJob(form, peers);
    let reply: string | null = null;
    while (reply === null) reply = job.step();
    socket.reply(reply);
  }
}
