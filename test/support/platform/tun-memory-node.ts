// A node with a TUN in memory, run as a child process: packets come in and go out as messages to its parent.

import { startDaemon } from "../../../src/core/daemon.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { drive } from "../../../src/platform/nodejs/driver.ts";
import { NodejsSys } from "../../../src/platform/nodejs/sys.ts";
import { MemoryTun } from "../../../src/platform/nodejs/tun-memory.ts";

const engine = loadEngine();
const tun = new MemoryTun(engine, (packet) => {
  // Through a promise on purpose: it must run although the node goes straight back to waiting.
  Promise.resolve().then(() => process.send!(Buffer.from(packet).toString("hex")));
});
const sys = new NodejsSys(engine, { restart: false, tun });
process.on("message", (hex: string) => tun.inject(Buffer.from(hex, "hex")));
process.on("disconnect", () => sys.requestStop());

const node = startDaemon({ engine, sys }, process.argv.slice(2));
if ("exit" in node) process.exit(node.exit);
process.send!("ready");
await drive(node, sys);
