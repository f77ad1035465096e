// Keys on their way into a tool: from the command line, or better from a file or standard input, where no process
// listing shows them.

import { KEY_LENGTH } from "../../engine/abi.ts";
import type { Host } from "../host.ts";
import { OPEN_READ } from "../sys.ts";
import { type Arguments, ToolFailure } from "./arguments.ts";
import { fromHex } from "./hex.ts";

const STDIN = 0;
/** A key's digits, and what an editor may leave around them. */
const KEY_FILE_LIMIT = 256;

/** The digits in a file (`-` is standard input), read through `offset` in engine memory and wiped there. */
function readKeyText(host: Host, path: string, offset: number): string {
  const { engine, sys } = host;
  const fd = path === "-" ? STDIN : sys.open(path, OPEN_READ);
  if (fd < 0) throw new ToolFailure(`the key file ${path} cannot be opened`, "FileNotFound");
  let length = 0;
  let n = 1;
  while (n > 0 && length < KEY_FILE_LIMIT) {
    n = sys.read(fd, offset + length, KEY_FILE_LIMIT - length);
    if (n > 0) length += n;
  }
  if (fd !== STDIN) sys.close(fd);
  let text = "";
  for (let i = 0; i < length; i++) {
    const byte = engine.u8[offset + i]!;
    if (byte > 0x20) text += String.fromCharCode(byte);
    engine.u8[offset + i] = 0;
  }
  return text;
}

/**
 * Writes the key of `--psk` or `--psk-file` to `offset`; the 256 bytes there are used on the way.
 *
 * @throws ToolFailure when it is missing, or not 64 hexadecimal digits
 */
export function readKey(host: Host, args: Arguments, offset: number): void {
  const path = args.value("--psk-file");
  const text = path === null ? args.required("--psk", "<64hex>") : readKeyText(host, path, offset);
  const name = path === null ? "--psk" : "the key";
  if (text.length !== 2 * KEY_LENGTH) throw new ToolFailure(`${name} must be 64 hex chars`);
  if (fromHex(text, host.engine.u8, offset, KEY_LENGTH) < 0)
    throw new ToolFailure(`${name} is not valid hex`);
}
