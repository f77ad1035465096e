// What every tool has in common: help, version, complaints (tools.md).

import type { Engine } from "../../engine/exports.ts";
import { type DatagramSys, STDERR, STDOUT, type Sys } from "../sys.ts";
import { VERSION } from "../version.ts";
import { Arguments, type Grammar, ToolFailure } from "./arguments.ts";
import { toolNamed } from "./names.ts";

/** What a tool runs on. */
export interface ToolHost {
  readonly engine: Engine;
  readonly sys: Sys & DatagramSys;
}

export interface Tool {
  /** As in names.ts. */
  readonly name: string;
  /** The text of --help behind its first line, a newline at the end. */
  readonly help: string;
  readonly grammar: Grammar;
  /** Does the work. Returns the exit status. @throws ToolFailure */
  run(host: ToolHost, args: Arguments): number;
}

/** What the frame of a tool needs of the system. */
interface Printer {
  print(stream: number, text: string): void;
}

/** What --help prints. */
export function toolHelp(tool: Pick<Tool, "name" | "help">): string {
  return `${tool.name}: ${toolNamed(tool.name)!.summary}\n\n${tool.help}`;
}

/**
 * The frame around any tool: answers --help and --version. Returns the exit status, or -1 when the tool itself is
 * asked to run.
 */
export function answerFlags(
  sys: Printer,
  tool: Pick<Tool, "name" | "help">,
  args: readonly string[],
): number {
  if (args.indexOf("-h") >= 0 || args.indexOf("--help") >= 0) {
    sys.print(STDOUT, toolHelp(tool));
    return 0;
  }
  if (args.indexOf("-V") >= 0 || args.indexOf("--version") >= 0) {
    sys.print(STDOUT, `${tool.name} (subnetra v${VERSION})\n`);
    return 0;
  }
  return -1;
}

/** Prints the complaint of a tool, on two lines. Returns the exit status. @throws what is no ToolFailure */
export function complain(sys: Printer, name: string, error: unknown): number {
  if (!(error instanceof ToolFailure)) throw error;
  sys.print(STDERR, `${name}: ${error.text}\nerror: ${error.code}\n`);
  return 1;
}

/** Runs a tool with the arguments behind its name. Returns the exit status: 0, or 1 for any failure. */
export function runTool(tool: Tool, host: ToolHost, args: readonly string[]): number {
  const answered = answerFlags(host.sys, tool, args);
  if (answered >= 0) return answered;
  try {
    return tool.run(host, new Arguments(tool.grammar, args));
  } catch (error) {
    return complain(host.sys, tool.name, error);
  }
}
