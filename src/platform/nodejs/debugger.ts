// SIGUSR1 opens no debugger. Node starts its inspector on that signal, for every user of the machine who can connect to
// 127.0.0.1, and takes back whatever disposition and mask the signal had before the program was executed.
//
// The first image of the process can only listen for the signal itself, which bin/subnetrad does in its first line,
// and close a debugger that was opened before. An image that we execute is told never to open one.

import type * as inspectorModule from "node:inspector";
import { createRequire } from "node:module";

const SWITCH = "--disable-sigusr1";
/** For Node.js before 22.14, which lacks the switch: a debugger that can open nowhere, since no host has this name. */
const NOWHERE = "--inspect-port=..:1024";
/** A signal caught by Node's own handler comes out within a turn or two of the event loop. */
const LATE_MS = 50;

/** True when the user has asked for the debugger by a flag. */
function debuggerWanted(): boolean {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? "").split(" ")];
  return flags.some((flag) => /^--inspect(-brk|-wait)?(=|$)/.test(flag));
}

/** Arguments for node under which SIGUSR1 opens no debugger from its first instruction on. */
export function withoutDebugger(): string[] {
  if (debuggerWanted()) return [];
  const flag = process.allowedNodeEnvironmentFlags.has(SWITCH) ? SWITCH : NOWHERE;
  return process.execArgv.includes(flag) ? [] : [flag];
}

/** Closes a debugger that SIGUSR1 opened before our first line, at once and when a second request is on its way. */
export function closeDebugger(): void {
  if (!process.features.inspector || debuggerWanted()) return;
  const inspector: typeof inspectorModule = createRequire(import.meta.url)("node:inspector");
  const close = (): void => {
    if (inspector.url() !== undefined) inspector.close();
  };
  close();
  setImmediate(close).unref();
  setTimeout(close, LATE_MS).unref();
}
