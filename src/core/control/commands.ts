// Every control command, control-protocol.md §2 and §3: one row each. The daemon, the client, the usage texts and the
// reader of saved rules all look here; a new command is a row here and the code that does its work.

import { MAX_MESH_ID, REGION_CLOCK } from "../../engine/abi.ts";
import { type Endpoint, parseEndpoint } from "../config/endpoint.ts";
import { parseDecimal } from "../decimal.ts";
import type { Host } from "../host.ts";
import { DeleteJob } from "../policy/delete.ts";
import { insertRule } from "../policy/insert.ts";
import { PolicyPageJob } from "../policy/page.ts";
import type { Rule } from "../policy/roles.ts";
import { SaveJob } from "../policy/snapshot.ts";
import { TraceJob } from "../policy/trace.ts";
import { type RuleUpload, uploadJob } from "../policy/upload.ts";
import { StatusJob, StatusPageJob } from "../status/jobs.ts";
import { JsonForm } from "../status/json.ts";
import type { NodeIdentity } from "../status/status.ts";
import { TextForm } from "../status/text.ts";
import { answer, type Job, refusal } from "./job.ts";
import { ExpectPeerJob } from "./peer-endpoint.ts";
import {
  type Add,
  type Delete,
  type Insert,
  type NotACommand,
  none,
  type ParseError,
  parseAdd,
  parseDelete,
  parseFrom,
  parseInsert,
  parseReplace,
  parseShow,
  parseTest,
  parseUpload,
  type Replace,
  type Show,
  type Test,
  type Upload,
} from "./policy-grammar.ts";
import { splitWords, trimLine } from "./words.ts";

interface Save {
  readonly verb: "save";
}
interface Status {
  readonly verb: "status";
  readonly json: boolean;
  /** First peer of the page asked for, -1 for the whole. */
  readonly from: number;
}
interface PeerEndpoint {
  readonly verb: "peer endpoint";
  readonly id: number;
  readonly endpoint: Endpoint;
}

export type Command =
  | Save
  | Status
  | Show
  | Add
  | Insert
  | Delete
  | Replace
  | Upload
  | Test
  | PeerEndpoint
  | NotACommand;

/** What the daemon gives a command to work on. */
export interface CommandContext {
  readonly host: Host;
  readonly node: NodeIdentity;
  /** Path that `save` writes. */
  readonly snapshot: string;
  /** The replacement of the whole table that is under way. */
  readonly upload: RuleUpload;
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
  /**
   * Among the features of a daemon that knows it (status.ts). Such a command is always answered, with `ok …` or
   * `error <Name> …`, its parse errors too. Absent: the original knows it.
   */
  readonly feature?: string;
  /** True where the client asks it on behalf of another command: help and usage leave it out. */
  readonly internal?: boolean;
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
    help: "peers, traffic and drop counters of the running daemon;\n--json for programs",
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
    help: 'the policy table, each rule as a line of "policy add"',
    reply: "pages",
    changes: false,
    parse: parseShow,
    run: ({ host }, { from }) => new PolicyPageJob(host.engine, from),
  }),
  row<Add>({
    words: ["policy", "add"],
    usage: "--src CIDR --dst CIDR --action forward --target ID [--force]",
    help: "append a rule (or --action drop); target 0 delivers to this node's own\ninterface; one that is no peer takes --force",
    reply: "none",
    changes: true,
    parse: parseAdd,
    run: (context, { rule }) => {
      context.addRule(rule);
      return null;
    },
  }),
  row<Insert>({
    words: ["policy", "insert"],
    usage: "--src CIDR --dst CIDR --action forward --target ID [--force]",
    help: "policy add with an answer",
    reply: "one",
    feature: "policy-insert",
    internal: true,
    changes: true,
    parse: parseInsert,
    run: ({ host }, { rule, force }) => answer(insertRule(host.engine, rule, force)),
  }),
  row<Delete>({
    words: ["policy", "del"],
    usage: "--dst CIDR [--src CIDR]",
    help: "remove the rules with exactly this destination (and source)",
    reply: "one",
    feature: "policy-del",
    changes: true,
    parse: parseDelete,
    run: ({ host }, { dst, src }) => new DeleteJob(host.engine, dst, src),
  }),
  row<Replace>({
    words: ["policy", "replace"],
    usage: "[--force] FILE",
    help: "put the rules of a file (-: standard input) in place of the whole\ntable, all of them or none",
    reply: "one",
    feature: "policy-replace",
    changes: false,
    parse: parseReplace,
    run: () => answer(refusal("UnknownCommand", "the client reads the file and asks with policy upload")),
  }),
  row<Upload>({
    words: ["policy", "upload"],
    usage: "begin COUNT [--force] | TOKEN FROM RULE... | TOKEN commit | TOKEN abort",
    help: "policy replace in pieces",
    reply: "one",
    feature: "policy-replace",
    internal: true,
    changes: true,
    parse: parseUpload,
    run: ({ host, upload }, command) => uploadJob(host, upload, command),
  }),
  row<Test>({
    words: ["policy", "test"],
    usage: "SRC DST",
    help: "which rule decides about a packet between two addresses, and whether\nits source may be used",
    reply: "one",
    feature: "policy-test",
    changes: false,
    parse: parseTest,
    run: ({ host, node }, { src, dst }) => new TraceJob(host.engine, node.names, src, dst),
  }),
  row<Save>({
    words: ["save"],
    usage: "",
    help: "write the policy table to policy_file, or <socket>.policy without one",
    reply: "one",
    changes: true,
    parse: () => ({ verb: "save" }),
    run: ({ host, snapshot }) => new SaveJob(host, snapshot),
  }),
  row<PeerEndpoint>({
    words: ["peer", "endpoint"],
    usage: "ID IP:PORT",
    help: "expect a peer at this address, until it is heard elsewhere",
    reply: "one",
    feature: "peer-endpoint",
    changes: true,
    parse: parsePeerEndpoint,
    run: ({ host }, { id, endpoint }) => new ExpectPeerJob(host.engine, id, endpoint),
  }),
];

/** A command with its row; the row is null when the line does not parse. */
export interface ParsedLine {
  readonly command: Command;
  readonly row: CommandRow<Command> | null;
  /** The row whose words the line begins with, also when the rest does not parse. */
  readonly named: CommandRow<Command> | null;
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
      return { command, row: command.verb === "none" ? null : candidate, named: candidate };
    }
    // The line ends inside of this command's words.
    if (matching > 0 && matching === words.length) error = "MissingArgument";
  }
  return { command: none(error), row: null, named: null };
}

function countMatching(wanted: readonly string[], words: string[]): number {
  let i = 0;
  while (i < wanted.length && wanted[i] === words[i]) i++;
  return i;
}

/** Words the grammar does not know are ignored behind --json, as the reference does. */
function parseStatus(words: string[]): Status | NotACommand {
  const json = words[1] === "--json";
  if (words.length > 1 && !json && words[1] !== "--from") return none("UnknownCommand");
  const from = parseFrom(words, json ? 2 : 1, -1);
  return typeof from === "string" ? none(from) : { verb: "status", json, from };
}

function parsePeerEndpoint(words: string[]): PeerEndpoint | NotACommand {
  if (words.length < 4) return none("MissingArgument");
  if (words.length > 4) return none("UnknownCommand");
  const id = parseDecimal(words[2]!, 0, words[2]!.length, MAX_MESH_ID);
  const endpoint = parseEndpoint(words[3]!);
  return id < 1 || endpoint === null ? none("InvalidValue") : { verb: "peer endpoint", id, endpoint };
}
