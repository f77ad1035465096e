// Every control command, control-protocol.md §2 and §3: one row each. The daemon, the client, the usage texts and the
// reader of saved rules all look here; a new command is a row here and the code that does its work.

import { ACTION_DROP, ACTION_FORWARD, REGION_CLOCK } from "../../engine/abi.ts";
import { type Cidr, parseCidr } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import type { Host } from "../host.ts";
import { PolicyPageJob } from "../policy/page.ts";
import type { Rule } from "../policy/roles.ts";
import { SaveJob } from "../policy/snapshot.ts";
import { StatusJob, StatusPageJob } from "../status/jobs.ts";
import { JsonForm } from "../status/json.ts";
import type { NodeIdentity } from "../status/status.ts";
import { TextForm } from "../status/text.ts";
import type { Job } from "./job.ts";
import { splitWords, trimLine } from "./words.ts";

export type ParseError = "UnknownCommand" | "MissingArgument" | "InvalidValue";

interface NotACommand {
  readonly verb: "none";
  readonly error: ParseError;
}
interface Save {
  readonly verb: "save";
}
interface Status {
  readonly verb: "status";
  readonly json: boolean;
  /** First peer of the page asked for, -1 for the whole. */
  readonly from: number;
}
interface Show {
  readonly verb: "show";
  /** First rule of the page. */
  readonly from: number;
}
interface Add {
  readonly verb: "add";
  readonly rule: Rule;
}

export type Command = Save | Status | Show | Add | NotACommand;

/** What the daemon gives a command to work on. */
export interface CommandContext {
  readonly host: Host;
  readonly node: NodeIdentity;
  /** Path that `save` writes. */
  readonly snapshot: string;
  /** Appends a rule; a full table is noted in the log. */
  addRule(rule: Rule): void;
}

export interface CommandRow<C> {
  /** The words it begins with. */
  readonly words: readonly string[];
  /** What follows them. */
  readonly usage: string;
  /** For the client's help. */
  readonly help: string;
  /** What the daemon answers: nothing, one datagram, or as many as the client asks for. */
  readonly reply: "none" | "one" | "pages";
  /** True when it changes something, so that it is done even where no reply can be sent. */
  readonly changes: boolean;
  /** @param words all words of the line */
  parse(words: string[]): C | NotACommand;
  /** Does the work at once (null) or gives it to be done in pieces. There is no reply to what is done at once. */
  run(context: CommandContext, command: C): Job | null;
}

/** A row among rows of other commands: it is only ever given what its own parse made. */
function row<C extends Command>(of: CommandRow<C>): CommandRow<Command> {
  return of as unknown as CommandRow<Command>;
}

export const COMMANDS: readonly CommandRow<Command>[] = [
  row<Status>({
    words: ["status"],
    usage: "[--json]",
    help: "peers, traffic and drop counters of the running daemon; --json for programs",
    reply: "pages",
    changes: false,
    parse: parseStatus,
    run: ({ host: { engine, sys }, node }, { json, from }) => {
      sys.clock(engine.call.region(REGION_CLOCK));
      const form = json ? new JsonForm(engine, node) : new TextForm(engine, node);
      const peers = engine.call.peerCount();
      return from < 0 ? new StatusJob(form, peers) : new StatusPageJob(form, peers, node.run, from);
    },
  }),
  row<Show>({
    words: ["policy", "show"],
    usage: "",
    help: 'the policy table, one rule per line in the form of "policy add"',
    reply: "pages",
    changes: false,
    parse: parseShow,
    run: ({ host }, { from }) => new PolicyPageJob(host.engine, from),
  }),
  row<Add>({
    words: ["policy", "add"],
    usage: "--src CIDR --dst CIDR --action forward --target ID   (or --action drop)",
    help: "append a rule; target 0 delivers to this node's own interface",
    reply: "none",
    changes: true,
    parse: parseAdd,
    run: (context, { rule }) => {
      context.addRule(rule);
      return null;
    },
  }),
  row<Save>({
    words: ["save"],
    usage: "",
    help: "write the policy table to <socket>.policy, to be read again with subnetrad --policy",
    reply: "one",
    changes: true,
    parse: () => ({ verb: "save" }),
    run: ({ host, snapshot }) => new SaveJob(host, snapshot),
  }),
];

const U32 = 4294967295;

/** A command with its row; the row is null when the line does not parse. */
export interface ParsedLine {
  readonly command: Command;
  readonly row: CommandRow<Command> | null;
}

/** Parses one line without its newline. A line that does not parse gives verb "none" and the reason. */
export function parseCommand(line: string): Command {
  return parseLine(line).command;
}

export function parseLine(line: string): ParsedLine {
  const words = splitWords(trimLine(line));
  let error: ParseError = "UnknownCommand";
  for (let i = 0; i < COMMANDS.length; i++) {
    const candidate = COMMANDS[i]!;
    const matching = countMatching(candidate.words, words);
    if (matching === candidate.words.length) {
      const command = candidate.parse(words);
      return { command, row: command.verb === "none" ? null : candidate };
    }
    // The line ends inside of this command's words.
    if (matching > 0 && matching === words.length) error = "MissingArgument";
  }
  return { command: none(error), row: null };
}

function countMatching(wanted: readonly string[], words: string[]): number {
  let i = 0;
  while (i < wanted.length && wanted[i] === words[i]) i++;
  return i;
}

function none(error: ParseError): NotACommand {
  return { verb: "none", error };
}

/** Words the grammar does not know are ignored behind --json, as the reference does. */
function parseStatus(words: string[]): Status | NotACommand {
  const json = words[1] === "--json";
  if (words.length > 1 && !json && words[1] !== "--from") return none("UnknownCommand");
  const from = parseFrom(words, json ? 2 : 1, -1);
  return typeof from === "string" ? none(from) : { verb: "status", json, from };
}

/** Words the grammar does not know are ignored here, as the reference does. */
function parseShow(words: string[]): Show | NotACommand {
  const from = parseFrom(words, 2, 0);
  return typeof from === "string" ? none(from) : { verb: "show", from };
}

/** The number behind a --from at words[at] or later, `absent` when there is none. */
function parseFrom(words: string[], at: number, absent: number): number | ParseError {
  const flag = words.indexOf("--from", at);
  if (flag < 0) return absent;
  const value = words[flag + 1];
  if (value === undefined) return "MissingArgument";
  const from = parseDecimal(value, 0, value.length, U32);
  return from < 0 ? "InvalidValue" : from;
}

function parseAdd(words: string[]): Add | NotACommand {
  let src: Cidr | null = null;
  let dst: Cidr | null = null;
  let action = ACTION_DROP;
  let target = -1;
  for (let i = 2; i < words.length; i += 2) {
    const flag = words[i]!;
    if (flag !== "--src" && flag !== "--dst" && flag !== "--action" && flag !== "--target") {
      return none("UnknownCommand");
    }
    const value = words[i + 1];
    if (value === undefined) return none("MissingArgument");
    if (flag === "--src" || flag === "--dst") {
      const cidr = parseCidr(value);
      if (cidr === null) return none("InvalidValue");
      if (flag === "--src") src = cidr;
      else dst = cidr;
    } else if (flag === "--action") {
      if (value !== "forward" && value !== "drop") return none("InvalidValue");
      action = value === "forward" ? ACTION_FORWARD : ACTION_DROP;
    } else {
      target = parseDecimal(value, 0, value.length, U32);
      if (target < 0) return none("InvalidValue");
    }
  }
  // A missing target must never turn into local delivery.
  if (src === null || dst === null || (action === ACTION_FORWARD && target < 0))
    return none("MissingArgument");
  return { verb: "add", rule: { src, dst, action, target: action === ACTION_FORWARD ? target : 0 } };
}
