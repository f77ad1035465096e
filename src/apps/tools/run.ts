// Runs a tool on Node.js.

import { answerFlags, complain, runTool } from "../../core/tools/tool.ts";
import { loadEngine } from "../../engine/load.ts";
import { NodejsClientSys } from "../../platform/nodejs/client-sys.ts";
import { NodejsToolSys } from "../../platform/nodejs/tool-sys.ts";
import { TOOLS } from "./table.ts";

/** Runs the tool of this name (one of names.ts) with the arguments behind it. Returns the exit status. */
export async function runNamedTool(name: string, args: readonly string[]): Promise<number> {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no such tool: ${name}`);
  if ("run" in tool) {
    const engine = loadEngine();
    return runTool(tool, { engine, sys: new NodejsToolSys(engine) }, args);
  }
  const sys = new NodejsClientSys();
  const answered = answerFlags(sys, tool, args);
  if (answered >= 0) return answered;
  try {
    return await tool.start(args);
  } catch (error) {
    return complain(sys, name, error);
  }
}
