// The client on Node.js: control-protocol.md §8.

import { runClient } from "../core/control/client.ts";
import { asksForPlan } from "../core/daemon-args.ts";
import { NodejsClientSys } from "../platform/nodejs/client-sys.ts";
import { toByteString } from "../platform/nodejs/process.ts";

const args = process.argv.slice(2).map(toByteString);
if (asksForPlan(args)) {
  // The plan needs the engine; the client starts without it. This path is resolved from where the bundle lies.
  const daemon = "./subnetrad.js";
  await import(daemon);
} else {
  process.exitCode = runClient(new NodejsClientSys(), args);
}
