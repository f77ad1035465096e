// The program of the tiny build: one file that is daemon and client, by the name it is called by.

import { runClient } from "../../core/control/client.ts";
import { startDaemon } from "../../core/daemon.ts";
import { asksForPlan } from "../../core/daemon-args.ts";
import { STDERR } from "../../core/sys.ts";
import type { Tool } from "../../core/tools/tool.ts";
import { DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS } from "../../engine/abi.ts";
import type {} from "../../platform/tiny/native.ts";
import { onlyOnNode } from "./node-only.ts";
import { selfTest } from "./self-test.ts";
import { runTinyTool } from "./tools.ts";

const USAGE = `Call this file subnetrad or subnetra, or give that name as its first argument:
  subnetrad [--config PATH]   the daemon
  subnetra status             the client
  self-test [FILE]            known answers through the engine of this file
`;

function baseName(path: string): string {
  return path.substring(path.lastIndexOf("/") + 1);
}

/** Runs a node until it is asked to stop. Returns the exit status. */
function daemon(args: string[]): number {
  const node = startDaemon(native, args);
  if ("exit" in node) return node.exit;
  try {
    while (node.turn()) {}
    return node.stop();
  } catch (error) {
    // A defect: the loop reports what the system says through its results.
    native.sys.print(STDERR, `reactor exited: ${error}\n`);
    node.stop();
    return 1;
  }
}

const PROGRAMS = ["subnetrad", "subnetra"];

/** Runs what the first argument names, else what the file is called. */
function run(tools: readonly Tool[], name: string, args: string[]): number {
  const first = args.length > 0 ? args[0]! : "";
  if (PROGRAMS.indexOf(first) >= 0) return run(tools, first, args.slice(1));
  if (first === "self-test") return selfTest(native, args.slice(1));
  const elsewhere = onlyOnNode(name, args);
  if (elsewhere !== "") {
    native.sys.print(STDERR, elsewhere);
    return 1;
  }
  if (name === "subnetrad") return daemon(args);
  if (name === "subnetra") {
    const status = runTinyTool(tools, native, args);
    if (status >= 0) return status;
    return asksForPlan(args) ? daemon(args) : runClient(native.sys, args);
  }
  native.sys.print(STDERR, USAGE);
  return 1;
}

/** Runs what this file was called as, with the tools that it carries, and ends the process. */
export function runProgram(tools: readonly Tool[]): void {
  native.engine.call.init(DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS);
  native.exit(run(tools, baseName(native.argv[0]!), native.argv.slice(1)));
}
