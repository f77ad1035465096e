// What every command of the client does: ask the daemon, print what it answers, tell what went wrong
// (control-protocol.md §8).

import type { ErrorCode } from "../error-codes.ts";
import { oneLine, printable } from "../printable.ts";
import { type ClientSys, ECONNREFUSED, ECONNRESET, ENOENT, errnoOf, STDERR, STDOUT } from "../sys.ts";
import type { ClientSocket } from "./client-socket.ts";

/** A daemon answers within this time or not at all. */
const REPLY_TIMEOUT_MS = 2000;
/** How replies begin that say that the daemon did not do what was asked. */
const FAILURES = ["status unavailable\n", '{"error":', "save failed\n", "error "];
/** How the first line of every other new reply begins. */
export const OK = "ok ";

/** Tells that a request failed. Returns the exit status. */
export function failed(sys: ClientSys, name: ErrorCode): number {
  sys.print(STDERR, `subnetra: control request failed (${name})\n`);
  return 1;
}

/** Tells why a request did not reach the daemon. Returns the exit status. */
export function unsent(sys: ClientSys, path: string, errno: number): number {
  if (errno !== ENOENT && errno !== ECONNREFUSED && errno !== ECONNRESET) return failed(sys, "SendFailed");
  sys.print(STDERR, `subnetra: daemon not running (socket ${oneLine(path)})\n`);
  return 1;
}

/** Whether a reply says that it failed. */
export function saysFailure(reply: string): boolean {
  for (let i = 0; i < FAILURES.length; i++) if (reply.indexOf(FAILURES[i]!) === 0) return true;
  return false;
}

/** Whether a status names a feature. (Inside of a text of it the quotes have backslashes.) */
export function hasFeature(status: string, feature: string): boolean {
  const at = status.indexOf(',"features":[');
  const found = at < 0 ? -1 : status.indexOf(`"${feature}"`, at);
  return found >= 0 && found < status.indexOf("]", at);
}

/** A client and the daemon it has connected to. */
export class Conversation {
  readonly sys: ClientSys;
  private readonly socket: ClientSocket;
  private readonly path: string;

  constructor(sys: ClientSys, socket: ClientSocket, path: string) {
    this.sys = sys;
    this.socket = socket;
    this.path = path;
  }

  /** Sends a request; when the daemon's queue is full, fails or waits. 0, or 1 after telling why not. */
  send(line: string, patient = false): number {
    const result = this.socket.send(line, patient);
    return result >= 0 ? 0 : unsent(this.sys, this.path, errnoOf(result));
  }

  /**
   * The end of the daemon's status, where its features are. (The page behind the last peer; the original answers with
   * the whole, which names none.) null after telling that there is no answer.
   */
  features(): string | null {
    const reply = this.request("status --json --from 4294967295", true);
    return typeof reply === "number" ? null : reply;
  }

  /** Whether the daemon knows a feature; tells when not. */
  knows(feature: string, words: string): boolean {
    const features = this.features();
    if (features === null) return false;
    if (hasFeature(features, feature)) return true;
    this.sys.print(
      STDERR,
      `subnetra: the running daemon is older and does not know "${words}"; update and restart it\n`,
    );
    return false;
  }

  /** The reply, or null after telling that there was none, or quietly. */
  receive(quiet = false): string | null {
    const reply = this.socket.receive(REPLY_TIMEOUT_MS);
    if (reply === null && !quiet) this.sys.print(STDERR, "subnetra: no response from daemon (timed out)\n");
    return reply;
  }

  /** Prints a reply: what a terminal would obey is taken out. */
  show(reply: string): void {
    this.sys.print(STDOUT, printable(reply));
  }

  /** Sends a request and waits for its reply: the text, or the exit status after telling why there is none. */
  request(line: string, patient = false): string | number {
    if (this.send(line, patient) !== 0) return 1;
    const reply = this.receive();
    return reply === null ? 1 : reply;
  }

  /** Sends a request and prints its reply. The exit status. */
  ask(line: string, patient = true): number {
    const reply = this.request(line, patient);
    return typeof reply === "number" ? reply : this.finish(reply);
  }

  /** Prints a whole reply. The exit status. */
  finish(reply: string): number {
    this.show(reply);
    return saysFailure(reply) ? 1 : 0;
  }
}
