// The daemon on Node.js: daemon-cli.md.

import { startDaemon } from "../core/daemon.ts";
import { loadEngine } from "../engine/load.ts";
import { closeDebugger } from "../platform/nodejs/debugger.ts";
import { drive } from "../platform/nodejs/driver.ts";
import { toByteString } from "../platform/nodejs/process.ts";
import { NodejsSys } from "../platform/nodejs/sys.ts";

closeDebugger();
const engine = loadEngine();
const sys = new NodejsSys(engine);
sys.forbidDumps();
// Before anything is opened, so that no signal can leave a socket file behind. The image that opens the devices and
// then makes way for the unprivileged one binds none, and must die by a signal rather than swallow it.
if (!sys.restartAhead) {
  process.on("SIGTERM", () => sys.requestStop());
  process.on("SIGINT", () => sys.requestStop());
}
const node = startDaemon({ engine, sys }, process.argv.slice(2).map(toByteString));
if ("exit" in node) {
  process.exitCode = node.exit;
} else {
  // However the process ends, its socket file goes with it.
  process.on("exit", () => node.stop());
  try {
    await drive(node, sys);
    process.exitCode = node.stop();
  } catch (error) {
    // A defect: the loop reports what the system says through its results.
    console.error(`reactor exited: ${error instanceof Error ? error.stack : error}`);
    process.exitCode = 1;
  } finally {
    node.stop();
  }
}
