// key-derive: the key schedule of a link (tools.md, wire-protocol.md §3).

import { KEY_LENGTH, REGION_SCRATCH } from "../../engine/abi.ts";
import type { Host } from "../host.ts";
import { wipe } from "../memory.ts";
import { STDOUT } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import { toHex } from "./hex.ts";
import { readKey } from "./keys.ts";
import type { Tool } from "./tool.ts";
import { writeDecimalU64 } from "./u64.ts";

/** Places behind the start of the scratch; a key file passes through the first 256 bytes. */
const LINK = 256;
const SESSION = 288;
const EPOCH = 320;
const END = 328;
const U32 = 4294967295;

function id(args: Arguments, flag: string): number {
  args.required(flag, "<id>");
  return args.number(flag, 0, U32, `${flag} must be an integer`);
}

export const KEY_DERIVE: Tool = {
  name: "key-derive",
  help: `usage: subnetra key-derive (--psk HEX | --psk-file FILE) --from ID --to ID
                           [--epoch NS]

  --psk HEX        the link's key, 64 digits (a process listing shows it)
  --psk-file FILE  the same from a file, or from standard input with "-"
  --from, --to ID  mesh ids of sender and receiver
  --epoch NS       boot epoch of the sender: prints the session key as well

The output is secret.
`,
  grammar: { values: ["--psk", "--psk-file", "--from", "--to", "--epoch"] },
  run(host: Host, args: Arguments): number {
    const { engine, sys } = host;
    const at = engine.call.region(REGION_SCRATCH);
    try {
      readKey(host, args, at);
      const from = id(args, "--from");
      const to = id(args, "--to");
      const epoch = args.value("--epoch");
      if (epoch !== null && !writeDecimalU64(engine, at + EPOCH, epoch)) {
        throw new ToolFailure("--epoch must be an integer");
      }
      engine.call.deriveLinkKey(at, from, to, at + LINK);
      let text = `link_key = ${toHex(engine.u8, at + LINK, KEY_LENGTH)}\n`;
      if (epoch !== null) {
        engine.call.deriveSessionKey(at + LINK, at + EPOCH, at + SESSION);
        text += `session_key = ${toHex(engine.u8, at + SESSION, KEY_LENGTH)}\n`;
      }
      sys.print(STDOUT, text);
      return 0;
    } finally {
      wipe(engine.u8.subarray(at, at + END));
    }
  },
};
