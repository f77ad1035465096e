// The tools that the static file carries, and a truthful word about the others.

import { STDERR } from "../../core/sys.ts";
import { toolNamed } from "../../core/tools/names.ts";
import { runTool, type Tool, type ToolHost } from "../../core/tools/tool.ts";

/** Runs the tool that the first argument names. Returns its exit status, or -1 when the argument names none. */
export function runTinyTool(tools: readonly Tool[], host: ToolHost, args: readonly string[]): number {
  const named = toolNamed(args[0]);
  if (named === null) return -1;
  for (let i = 0; i < tools.length; i++)
    if (tools[i]!.name === named.name) return runTool(tools[i]!, host, args.slice(1));
  host.sys.print(
    STDERR,
    `subnetra: ${named.name} is not in this file: it needs Node.js (npm install -g subnetra, on any machine)\n`,
  );
  return 1;
}
