// The subnetra client, control-protocol.md §8.

import { MAX_COMMAND, MAX_SOCKET_LINUX, MAX_SOCKET_MACOS } from "../limits.ts";
import { readRuleFile } from "../policy/rule-file.ts";
import { nextPage, withoutComment } from "../policy/text.ts";
import { oneLine } from "../printable.ts";
import { readStatusPage } from "../status/page.ts";
import { type ClientSys, STDERR, STDOUT } from "../sys.ts";
import { VERSION } from "../version.ts";
import { ClientSocket } from "./client-socket.ts";
import { type Command, type CommandRow, type ParsedLine, parseLine } from "./commands.ts";
import { Conversation, failed, OK, saysFailure, unsent } from "./conversation.ts";
import { addRule, replaceTable } from "./policy-client.ts";
import { saysAction, withoutForce } from "./policy-grammar.ts";
import { socketPath } from "./socket.ts";
import { firstPage, readPages } from "./status-pages.ts";
import { clientHelp, clientUsage } from "./usage.ts";
import { findView } from "./views.ts";
import { splitWords } from "./words.ts";

/**
 * Runs the client to its end.
 *
 * @param args the arguments without the program's name
 * @returns the exit status: 0 sent or answered, 1 failed, 2 the command does not parse
 */
export function runClient(sys: ClientSys, args: string[]): number {
  if (args.indexOf("--version") >= 0 || args.indexOf("-V") >= 0) {
    sys.print(STDOUT, `subnetra v${VERSION}\n`);
    return 0;
  }
  if (args.indexOf("--help") >= 0 || args.indexOf("-h") >= 0) {
    sys.print(STDOUT, clientHelp());
    return 0;
  }
  // Its operand is a file, whose name need not be one word.
  if (args[0] === "policy" && args[1] === "replace") return runReplace(sys, args.slice(2));
  const added = args[0] === "policy" && args[1] === "add";
  const line = (added ? withoutForce(args) : args).join(" ");
  if (line.length > MAX_COMMAND) {
    sys.print(STDERR, `subnetra: command line too long (max ${MAX_COMMAND} bytes)\n`);
    return 2;
  }
  const view = findView(line);
  if (view !== null) return withDaemon(view.quiet ? silenced(sys) : sys, view.run);
  // A newline would start a second request in the daemon.
  const { command, row, named } = line.indexOf("\n") < 0 ? parseLine(line) : NOT_A_LINE;
  if (named?.internal) return unparsed(sys, "UnknownCommand", null);
  if (row === null) return unparsed(sys, command.verb === "none" ? command.error : "", named);
  if (command.verb === "add" && !saysAction(splitWords(line))) {
    sys.print(STDERR, "subnetra: say what the rule does: --action forward --target ID, or --action drop\n");
    return 2;
  }
  const force = added && args.indexOf("--force") >= 0;
  return withDaemon(sys, (daemon) =>
    command.verb === "add" ? addRule(daemon, line, force) : query(daemon, command, row, line),
  );
}

function unparsed(sys: ClientSys, error: string, named: CommandRow<Command> | null): number {
  sys.print(STDERR, `subnetra: failed to parse command (${error})\n${clientUsage(named)}`);
  return 2;
}

/** `policy replace`: the file first, so that a wrong one disturbs nobody. */
function runReplace(sys: ClientSys, operands: string[]): number {
  const files = withoutForce(operands);
  if (files.length !== 1) {
    const { named } = parseLine("policy replace");
    return unparsed(sys, files.length === 0 ? "MissingArgument" : "UnknownCommand", named);
  }
  const name = files[0] === "-" ? "standard input" : oneLine(files[0]!);
  const force = files.length < operands.length;
  const read = readRuleFile(sys, files[0]!);
  if (typeof read === "string") {
    sys.print(STDERR, `subnetra: ${name}: ${read}; nothing was changed\n`);
    return 1;
  }
  if (read.lines.length === 0 && !force) {
    sys.print(STDERR, `subnetra: ${name} has no rules; --force empties the table\n`);
    return 1;
  }
  return withDaemon(sys, (daemon) => replaceTable(daemon, name, read, force));
}

/** The same system, but nothing is said on standard error. */
function silenced(sys: ClientSys): ClientSys {
  const quiet = Object.create(sys) as { -readonly [K in keyof ClientSys]: ClientSys[K] };
  quiet.print = (stream, text) => {
    if (stream !== STDERR) sys.print(stream, text);
  };
  return quiet;
}

/** Opens a socket to the daemon and closes it afterwards. The exit status. */
function withDaemon(sys: ClientSys, work: (daemon: Conversation) => number): number {
  const path = socketPath(sys);
  if (path.length > (sys.os === "macos" ? MAX_SOCKET_MACOS : MAX_SOCKET_LINUX)) {
    return failed(sys, "PathTooLong");
  }
  const socket = ClientSocket.open(sys, path);
  if (!(socket instanceof ClientSocket)) {
    return socket.name === "SendFailed" ? unsent(sys, path, socket.errno) : failed(sys, socket.name);
  }
  try {
    return work(new Conversation(sys, socket, path));
  } finally {
    socket.close();
  }
}

const NOT_A_LINE: ParsedLine = { command: { verb: "none", error: "InvalidValue" }, row: null, named: null };

/** Sends a request and prints the reply. The exit status. */
function query(daemon: Conversation, command: Command, row: CommandRow<Command>, line: string): number {
  if (command.verb === "show") return showPolicy(daemon, line);
  if (command.verb === "status" && command.from < 0) return showStatus(daemon, command.json, line);
  if (row.feature === undefined) return daemon.ask(line, false);
  if (!daemon.knows(row.feature, row.words.join(" "))) return 1;
  const reply = daemon.request(line, true);
  if (typeof reply === "number") return reply;
  // Here the answer says by itself that all is well.
  const said = command.verb === "test" && reply.indexOf(OK) === 0 ? reply.substring(OK.length) : reply;
  return daemon.finish(said);
}

/**
 * Asks for the status in one datagram, as ever, and when none holds it, page by page. (A daemon that knows no pages
 * does not answer, or refuses once more: then its first refusal is the answer.)
 */
function showStatus(daemon: Conversation, json: boolean, line: string): number {
  const whole = daemon.request(line);
  if (typeof whole === "number") return whole;
  if (!saysFailure(whole)) return daemon.finish(whole);
  const first = firstPage(daemon, json);
  if (typeof first === "number") return first;
  const page = first === null ? null : readStatusPage(first, 0);
  if (page === null) return daemon.finish(whole);
  const parts: string[] = [];
  const failure = readPages(daemon, json, page, (part) => {
    parts.push(part);
    return true;
  });
  if (failure !== 0) return failure;
  for (let i = 0; i < parts.length; i++) daemon.show(parts[i]!);
  return 0;
}

/** Asks for page after page of a long table and prints one listing. */
function showPolicy(daemon: Conversation, line: string): number {
  let request = line;
  for (;;) {
    const reply = daemon.request(request);
    if (typeof reply === "number") return reply;
    daemon.show(withoutComment(reply));
    if (saysFailure(reply)) return 1;
    const next = nextPage(reply);
    if (next < 0) return 0;
    request = `policy show --from ${next}`;
  }
}
