// The client on Node.js (control-protocol.md §8), and the tools behind `subnetra <tool>`.

import { runClient } from "../core/control/client.ts";
import { asksForPlan } from "../core/daemon-args.ts";
import { toolNamed } from "../core/tools/names.ts";
import { NodejsClientSys } from "../platform/nodejs/client-sys.ts";
import { toByteString } from "../platform/nodejs/process.ts";

const args = process.argv.slice(2).map(toByteString);
const tool = toolNamed(args[0]);
if (tool !== null) {
  // Only a tool needs the engine; the client starts without it.
  const { runNamedTool } = await import("./tools/run.ts");
  process.exitCode = await runNamedTool(tool.name, args.slice(1));
} else if (asksForPlan(args)) {
  // So does the plan. This path is resolved from where the bundle lies.
  const daemon = "./subnetrad.js";
  await import(daemon);
} else {
  process.exitCode = runClient(new NodejsClientSys(), args);
}
