// A daemon's control socket without a daemon: answers every request with "genuine". Ends by a signal.
//
//   node answerer.js <socket path>

import { bindControl } from "../../../src/core/control/socket.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { NodejsSys } from "../../../src/platform/nodejs/sys.ts";

const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });
const socket = bindControl({ engine, sys }, process.argv[2]!);
process.stdout.write("ready\n");
for (;;) {
  sys.wait(-1);
  while (socket!.receive() !== null) socket!.reply("genuine\n");
}
