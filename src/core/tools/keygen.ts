// keygen: random link keys (tools.md).

import { KEY_LENGTH, REGION_SCRATCH } from "../../engine/abi.ts";
import type { Host } from "../host.ts";
import { wipe } from "../memory.ts";
import { STDOUT } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import { toHex } from "./hex.ts";
import type { Tool } from "./tool.ts";

const MOST = 1000000;

/** A fresh key as 64 digits. @throws ToolFailure EntropyUnavailable: never anything weaker than the system's source */
export function newKey(host: Host): string {
  const { engine, sys } = host;
  const at = engine.call.region(REGION_SCRATCH);
  if (sys.random(at, KEY_LENGTH) < 0) {
    throw new ToolFailure("secure entropy source unavailable", "EntropyUnavailable");
  }
  const text = toHex(engine.u8, at, KEY_LENGTH);
  wipe(engine.u8.subarray(at, at + KEY_LENGTH));
  return text;
}

export const KEYGEN: Tool = {
  name: "keygen",
  help: `usage: subnetra keygen [--count N]

  --count N   how many keys (default 1)

Prints 64 hexadecimal digits a line, from the system's secure random source.
Each link needs a key of its own, the same at both of its ends.

Example:
  umask 077; subnetra keygen > link.key
`,
  grammar: { values: ["--count"] },
  run(host: Host, args: Arguments): number {
    const count = args.number("--count", 1, MOST, "invalid --count value");
    if (count < 1) throw new ToolFailure("--count must be >= 1");
    for (let i = 0; i < count; i++) host.sys.print(STDOUT, `${newKey(host)}\n`);
    return 0;
  },
};
