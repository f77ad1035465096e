// The tools that the static file carries, and a truthful word about the others.

import { STDERR } from "../../core/sys.ts";
import { CONFIG_GEN } from "../../core/tools/config-gen.ts";
import { CONFIG_LINT } from "../../core/tools/config-lint.ts";
import { KEY_DERIVE } from "../../core/tools/key-derive.ts";
import { KEYGEN } from "../../core/tools/keygen.ts";
import { METRICS } from "../../core/tools/metrics.ts";
import { MTU_PROBE } from "../../core/tools/mtu-probe.ts";
import { toolNamed } from "../../core/tools/names.ts";
import { runTool, type Tool, type ToolHost } from "../../core/tools/tool.ts";

const TOOLS: readonly Tool[] = [KEYGEN, KEY_DERIVE, CONFIG_GEN, CONFIG_LINT, METRICS, MTU_PROBE];

/** Runs the tool that the first argument names. Returns its exit status, or -1 when the argument names none. */
export function runTinyTool(host: ToolHost, args: readonly string[]): number {
  const named = toolNamed(args[0]);
  if (named === null) return -1;
  for (let i = 0; i < TOOLS.length; i++)
    if (TOOLS[i]!.name === named.name) return runTool(TOOLS[i]!, host, args.slice(1));
  host.sys.print(
    STDERR,
    `subnetra: ${named.name} is not in this file: it needs Node.js (npm install -g subnetra, on any machine)\n`,
  );
  return 1;
}
