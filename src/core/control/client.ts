// The subnetra client, control-protocol.md §8.

import type { ErrorCode } from "../error-codes.ts";
import { MAX_COMMAND, MAX_SOCKET_LINUX, MAX_SOCKET_MACOS } from "../limits.ts";
import { nextPage, withoutComment } from "../policy/text.ts";
import { oneLine, printable } from "../printable.ts";
import { readStatusPage } from "../status/page.ts";
import { type ClientSys, ECONNREFUSED, ECONNRESET, ENOENT, errnoOf, STDERR, STDOUT } from "../sys.ts";
import { VERSION } from "../version.ts";
import { ClientSocket } from "./client-socket.ts";
import { type Command, type ParsedLine, parseLine } from "./commands.ts";
import { socketPath } from "./socket.ts";
import { clientHelp, clientUsage } from "./usage.ts";

/** A daemon answers within this time or not at all. */
const REPLY_TIMEOUT_MS = 2000;
/** More pages than any status has: 16,384 peers need about sixty. */
const MAX_PAGES = 1024;
/** How replies begin that say that the daemon did not do what was asked. */
const FAILURES = ["status unavailable\n", '{"error":', "save failed\n", "error "];

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
  const line = args.join(" ");
  if (line.length > MAX_COMMAND) {
    sys.print(STDERR, `subnetra: command line too long (max ${MAX_COMMAND} bytes)\n`);
    return 2;
  }
  // A newline would start a second request in the daemon.
  const { command, row } = line.indexOf("\n") < 0 ? parseLine(line) : NOT_A_LINE;
  if (row === null) {
    const error = command.verb === "none" ? command.error : "";
    sys.print(STDERR, `subnetra: failed to parse command (${error})\n${clientUsage()}`);
    return 2;
  }
  const path = socketPath(sys);
  if (path.length > (sys.os === "macos" ? MAX_SOCKET_MACOS : MAX_SOCKET_LINUX)) {
    return failed(sys, "PathTooLong");
  }
  const socket = ClientSocket.open(sys, path, row.reply !== "none");
  if (!(socket instanceof ClientSocket)) {
    return socket.name === "SendFailed" ? unsent(sys, path, socket.errno) : failed(sys, socket.name);
  }
  try {
    const client = new Client(sys, socket, path);
    return row.reply === "none" ? client.send(line) : client.query(command, line);
  } finally {
    socket.close();
  }
}

const NOT_A_LINE: ParsedLine = { command: { verb: "none", error: "InvalidValue" }, row: null };

function failed(sys: ClientSys, name: ErrorCode): number {
  sys.print(STDERR, `subnetra: control request failed (${name})\n`);
  return 1;
}

/** Tells why a request did not reach the daemon. Returns the exit status. */
function unsent(sys: ClientSys, path: string, errno: number): number {
  if (errno !== ENOENT && errno !== ECONNREFUSED && errno !== ECONNRESET) return failed(sys, "SendFailed");
  sys.print(STDERR, `subnetra: daemon not running (socket ${oneLine(path)})\n`);
  return 1;
}

/** Whether a reply says that it failed. */
function saysFailure(reply: string): boolean {
  for (let i = 0; i < FAILURES.length; i++) if (reply.indexOf(FAILURES[i]!) === 0) return true;
  return false;
}

class Client {
  private readonly sys: ClientSys;
  private readonly socket: ClientSocket;
  private readonly path: string;

  constructor(sys: ClientSys, socket: ClientSocket, path: string) {
    this.sys = sys;
    this.socket = socket;
    this.path = path;
  }

  /** Sends a request and prints the reply. The exit status. */
  query(command: Command, line: string): number {
    if (command.verb === "show") return this.showPolicy(line);
    if (command.verb === "status" && command.from < 0) return this.showStatus(command.json, line);
    return this.ask(line);
  }

  /** Sends a request. 0, or 1 after telling why not. */
  send(line: string): number {
    const result = this.socket.send(line);
    return result >= 0 ? 0 : unsent(this.sys, this.path, errnoOf(result));
  }

  /** The reply, or null after telling that there was none. */
  private receive(): string | null {
    const reply = this.socket.receive(REPLY_TIMEOUT_MS);
    if (reply === null) this.sys.print(STDERR, "subnetra: no response from daemon (timed out)\n");
    return reply;
  }

  /** Prints a reply: what a terminal would obey is taken out. */
  private show(reply: string): void {
    this.sys.print(STDOUT, printable(reply));
  }

  /** Sends a request and waits for its reply: the text, or the exit status after telling why there is none. */
  private request(line: string): string | number {
    if (this.send(line) !== 0) return 1;
    const reply = this.receive();
    return reply === null ? 1 : reply;
  }

  private ask(line: string): number {
    const reply = this.request(line);
    return typeof reply === "number" ? reply : this.finish(reply);
  }

  /** Prints a whole reply. The exit status. */
  private finish(reply: string): number {
    this.show(reply);
    return saysFailure(reply) ? 1 : 0;
  }

  /**
   * Asks for the status in one datagram, as ever, and when none holds it, page by page. (A daemon that knows no pages
   * does not answer, or refuses once more: then its first refusal is the answer.)
   */
  private showStatus(json: boolean, line: string): number {
    const whole = this.request(line);
    if (typeof whole === "number") return whole;
    if (!saysFailure(whole)) return this.finish(whole);
    const parts: string[] = [];
    let run = "";
    let from = 0;
    for (let i = 0; i < MAX_PAGES; i++) {
      if (this.send(`status${json ? " --json" : ""} --from ${from}`) !== 0) return 1;
      const reply = i === 0 ? this.socket.receive(REPLY_TIMEOUT_MS) : this.receive();
      const page = reply === null ? null : readStatusPage(reply, from);
      if (i === 0 && page === null) return this.finish(whole);
      if (reply === null) return 1;
      if (page === null || (i > 0 && page.run !== run)) return this.changed();
      parts.push(page.part);
      run = page.run;
      from = page.next;
      if (from !== 0) continue;
      for (let k = 0; k < parts.length; k++) this.show(parts[k]!);
      return 0;
    }
    return this.changed();
  }

  private changed(): number {
    this.sys.print(STDERR, "subnetra: the daemon was restarted while its status was read; ask again\n");
    return 1;
  }

  /** Asks for page after page of a long table and prints one listing. */
  private showPolicy(line: string): number {
    let request = line;
    for (;;) {
      const reply = this.request(request);
      if (typeof reply === "number") return reply;
      this.show(withoutComment(reply));
      if (saysFailure(reply)) return 1;
      const next = nextPage(reply);
      if (next < 0) return 0;
      request = `policy show --from ${next}`;
    }
  }
}
