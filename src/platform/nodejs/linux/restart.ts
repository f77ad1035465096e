// Executing this program again in the same process.

import { withoutDebugger } from "../debugger.ts";
import { errno, execv } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { WORD } from "../posix.ts";
import { toByteString } from "../process.ts";

/**
 * Replaces the process image by the same program with the same arguments and the current environment, and no debugger
 * on SIGUSR1. Descriptors without close-on-exec and the process id stay; all threads but the caller's end, and its
 * credentials rule.
 * Returns only on failure, with -errno.
 */
export function restart(): number {
  const args = [process.argv0, ...process.execArgv, ...withoutDebugger(), ...process.argv.slice(1)].map(
    toByteString,
  );
  const program = toByteString(process.execPath);
  const characters = args.reduce((sum, arg) => sum + arg.length + 1, program.length + 1);
  const memory = new NativeMemory(characters + (args.length + 1) * WORD + 64);
  const argv = memory.reserve((args.length + 1) * WORD);
  let text = memory.reserve(characters);
  const path = memory.address(text);
  memory.setString(text, program);
  text += program.length + 1;
  for (let i = 0; i < args.length; i++) {
    memory.setPointer(argv + i * WORD, memory.address(text));
    memory.setString(text, args[i]!);
    text += args[i]!.length + 1;
  }
  execv(path, memory.address(argv));
  return -errno();
}
