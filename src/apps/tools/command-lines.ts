// What can be typed behind `subnetra` and `subnetrad`, gathered from the tables that the help is made of, for completion and
// manual pages.

import { COMMANDS } from "../../core/control/commands.ts";
import { DAEMON_USAGE } from "../../core/daemon-args.ts";
import { TOOL_NAMES } from "../../core/tools/names.ts";
import { TOOLS } from "./table.ts";

export interface Flag {
  readonly name: string;
  /** What may follow: nothing, any word, a file's name, or one of these words. */
  readonly value: "nothing" | "word" | "file" | readonly string[];
  /** What the help says about it, or "". */
  readonly meaning: string;
}

export interface CommandLine {
  readonly program: "subnetra" | "subnetrad";
  /** The words it begins with; none for the daemon. */
  readonly words: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly flags: readonly Flag[];
}

const FILES = ["FILE", "PATH", "DIR", "FOLDER"];

/** A flag in a line of usage, with what follows it. */
const IN_USAGE = /(--[a-z][a-z-]*)(?: ([A-Za-z][\w|:-]*))?/g;
/** A line of help about one flag: the flag, its value, two blanks or more, the meaning. */
const OF_HELP = /^ {2}(?:-[A-Za-z], )?(--[a-z][a-z-]*)(?:[ =](\S+(?: \S+)*?))? {2,}(.*)$/gm;

/**
 * The flags that a text in the form of our helps knows.
 *
 * @param usage lines of usage, where a flag in lower case stands for one of its possible values
 * @param help the lines below it
 */
export function flagsIn(usage: string, help: string): Flag[] {
  const seen = new Map<string, { values: string[]; meaning: string }>();
  const note = (name: string, value: string | undefined, meaning: string) => {
    const entry = seen.get(name) ?? { values: [], meaning: "" };
    seen.set(name, entry);
    if (value !== undefined) entry.values.push(...value.split("|"));
    if (entry.meaning === "") entry.meaning = meaning;
  };
  for (const [, name, value] of usage.matchAll(IN_USAGE)) note(name!, value, "");
  for (const [, name, value, meaning] of help.matchAll(OF_HELP)) note(name!, value, meaning!);
  return [...seen].map(([name, { values, meaning }]) => ({ name, value: kindOf(values), meaning }));
}

function kindOf(values: readonly string[]): Flag["value"] {
  const choices = values.filter((value) => /^[a-z][a-z0-9]*$/.test(value));
  if (choices.length > 0) return [...new Set(choices)];
  if (values.some((value) => FILES.includes(value))) return "file";
  return values.length > 0 ? "word" : "nothing";
}

/** The lines of a help that say how it is called: "usage:" and what follows it indented as deep. */
export function usageLines(help: string): string {
  return /^usage:.*\n(?: {7}.*\n)*/m.exec(help)?.[0] ?? "";
}

/** The name and the text of every tool's help. */
function helpOf(name: string): string {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no such tool: ${name}`);
  return tool.help;
}

/** Everything, the client's commands first, then the tools, the daemon last. */
export function commandLines(): CommandLine[] {
  const common = [
    { name: "--help", value: "nothing", meaning: "print what it does and how" },
    { name: "--version", value: "nothing", meaning: "print the version" },
  ] as const;
  const commands = COMMANDS.map(({ words, usage, help }) => ({
    program: "subnetra" as const,
    words,
    summary: help,
    flags: flagsIn(`${usage} ${help}`, ""),
  }));
  const tools = TOOL_NAMES.map(({ name, summary }) => ({
    program: "subnetra" as const,
    words: [name],
    summary,
    flags: [...flagsIn(usageLines(helpOf(name)), helpOf(name)), ...common],
  }));
  const daemon = {
    program: "subnetrad" as const,
    words: [],
    summary: "the daemon of a Subnetra node",
    flags: flagsIn(usageLines(DAEMON_USAGE), DAEMON_USAGE),
  };
  return [...commands, ...tools, daemon];
}
