// The subnetra client, control-protocol.md §8.

import { MAX_COMMAND, MAX_SOCKET_LINUX, MAX_SOCKET_MACOS } from "../limits.ts";
import { nextPage, withoutComment } from "../policy/text.ts";
import { printable } from "../printable.ts";
import { type ClientSys, ECONNREFUSED, ECONNRESET, ENOENT, errnoOf, STDERR, STDOUT } from "../sys.ts";
import { VERSION } from "../version.ts";
import { ClientSocket } from "./client-socket.ts";
import { type Command, parseCommand } from "./grammar.ts";
import { socketPath } from "./socket.ts";
import { CLIENT_HELP, CLIENT_USAGE } from "./usage.ts";

/** A daemon answers within this time or not at all. */
const REPLY_TIMEOUT_MS = 2000;

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
    sys.print(STDOUT, CLIENT_HELP);
    return 0;
  }
  const line = args.join(" ");
  if (line.length > MAX_COMMAND) {
    sys.print(STDERR, `subnetra: command line too long (max ${MAX_COMMAND} bytes)\n`);
    return 2;
  }
  // A newline would start a second request in the daemon.
  const command = line.indexOf("\n") < 0 ? parseCommand(line) : NOT_A_LINE;
  if (command.verb === "none") {
    sys.print(STDERR, `subnetra: failed to parse command (${command.error})\n${CLIENT_USAGE}`);
    return 2;
  }
  const path = socketPath(sys);
  if (path.length > (sys.os === "macos" ? MAX_SOCKET_MACOS : MAX_SOCKET_LINUX)) {
    return failed(sys, "PathTooLong");
  }
  const socket = ClientSocket.open(sys, path, command.verb !== "add");
  if (!(socket instanceof ClientSocket)) {
    return socket.name === "SendFailed" ? unsent(sys, path, socket.errno) : failed(sys, socket.name);
  }
  try {
    return new Client(sys, socket, path).run(command, line);
  } finally {
    socket.close();
  }
}

const NOT_A_LINE: Command = { verb: "none", error: "InvalidValue" };

function failed(sys: ClientSys, name: string): number {
  sys.print(STDERR, `subnetra: control request failed (${name})\n`);
  return 1;
}

/** Tells why a request did not reach the daemon. Returns the exit status. */
function unsent(sys: ClientSys, path: string, errno: number): number {
  if (errno !== ENOENT && errno !== ECONNREFUSED && errno !== ECONNRESET) return failed(sys, "SendFailed");
  sys.print(STDERR, `subnetra: daemon not running (socket ${path})\n`);
  return 1;
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

  run(command: Command, line: string): number {
    if (command.verb === "add") return this.send(line);
    return command.verb === "show" ? this.showPolicy(line) : this.ask(line);
  }

  /** Sends a request. 0, or 1 after telling why not. */
  private send(line: string): number {
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

  private ask(line: string): number {
    if (this.send(line) !== 0) return 1;
    const reply = this.receive();
    if (reply === null) return 1;
    this.show(reply);
    return 0;
  }

  /** Asks for page after page of a long table and prints one listing. */
  private showPolicy(line: string): number {
    let request = line;
    for (;;) {
      if (this.send(request) !== 0) return 1;
      const reply = this.receive();
      if (reply === null) return 1;
      this.show(withoutComment(reply));
      const next = nextPage(reply);
      if (next < 0) return 0;
      request = `policy show --from ${next}`;
    }
  }
}
