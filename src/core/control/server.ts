// The daemon's side of the control socket, control-protocol.md §3 and §4.
//
// One thread serves data and control, so a turn of the loop does a millisecond of control work and no more: the
// lines of a datagram are handled one by one, a long reply is made in pieces, and what is left goes on in the next
// turn, after the data. The next datagram is read when all lines of the last one are done, so replies keep their
// order, and what waits is what the kernel holds for the socket.

import type { ErrorCode } from "../error-codes.ts";
import type { Host } from "../host.ts";
import { CONTROL_BUDGET_MS, CONTROL_BURST } from "../limits.ts";
import { addRule, type Rule } from "../policy/roles.ts";
import { RuleUpload } from "../policy/upload.ts";
import type { NodeIdentity } from "../status/status.ts";
import { EMSGSIZE, errnoOf, STDERR } from "../sys.ts";
import { type Command, type CommandContext, type CommandRow, parseLine } from "./commands.ts";
import { type Job, refusal } from "./job.ts";
import { trimLine } from "./words.ts";

/** Where requests come from and replies go: the control socket. */
export interface ControlChannel {
  /** The next request as a byte string: "" for one that must be ignored, null when none is left. */
  receive(): string | null;
  /** Whether the last request can be answered. */
  readonly answerable: boolean;
  /** Answers the last request, best effort. 0 or -errno. */
  reply(text: string): number;
}

/** Different replies of one datagram that are kept for lines that ask the same again. */
const KEPT_REPLIES = 3;

interface KeptReply {
  readonly line: string;
  readonly text: string;
  readonly tooLong: string;
}

export class ControlServer implements CommandContext {
  readonly host: Host;
  readonly node: NodeIdentity;
  readonly snapshot: string;
  readonly upload = new RuleUpload();
  private readonly channel: ControlChannel;
  private fullReported = false;
  /** The datagram in hand, from `next` on still to be handled. */
  private request = "";
  private next = 0;
  private answerable = false;
  /** The line in hand when its work is not done yet. */
  private job: Job | null = null;
  private line = "";
  private keep = false;
  /** Nothing happens between two lines of a datagram, so an equal question has an equal answer. */
  private kept: KeptReply[] = [];

  /** @param snapshot path that `save` writes */
  constructor(host: Host, channel: ControlChannel, node: NodeIdentity, snapshot: string) {
    this.host = host;
    this.channel = channel;
    this.node = node;
    this.snapshot = snapshot;
  }

  /** True when work is left that does not wait for the socket: call serve again soon. */
  get pending(): boolean {
    return this.job !== null || this.next < this.request.length;
  }

  /** Serves the lines of at most 64 datagrams, for CONTROL_BUDGET_MS and the rest of the piece in hand. */
  serve(): void {
    const end = this.host.sys.milliseconds() + CONTROL_BUDGET_MS;
    let left = CONTROL_BURST;
    do {
      if (this.pending) this.step();
      else if (left-- === 0 || !this.receive()) return;
    } while (this.host.sys.milliseconds() < end);
  }

  /** Does what the datagram in hand changes, and nothing else of it: the node stops. */
  finish(): void {
    if (this.keep) this.job = null;
    while (this.job !== null) this.step();
    this.answerable = false;
    while (this.pending) this.step();
  }

  private receive(): boolean {
    this.kept = [];
    const request = this.channel.receive();
    if (request === null) return false;
    this.request = request;
    this.next = 0;
    this.answerable = this.channel.answerable;
    return true;
  }

  private step(): void {
    if (this.job === null) this.takeLine();
    else this.finishJob(this.job, this.job.step());
  }

  /** Handles the next line or begins to; lines that the original could not parse are met with silence. */
  private takeLine(): void {
    const end = this.request.indexOf("\n", this.next);
    const stop = end < 0 ? this.request.length : end;
    const line = trimLine(this.request.substring(this.next, stop));
    this.next = stop + 1;
    if (line === "") return;
    for (let i = 0; i < this.kept.length; i++) {
      if (this.kept[i]!.line === line) {
        this.reply(this.kept[i]!.text, this.kept[i]!.tooLong);
        return;
      }
    }
    const { row, command, named } = parseLine(line);
    if (row === null) {
      if (command.verb === "none" && named !== null) this.explain(command.error, named);
      return;
    }
    // Nobody would read the answer.
    if (!this.answerable && !row.changes) return;
    if (row.changes) this.kept = [];
    this.line = line;
    this.keep = !row.changes;
    this.job = row.run(this, command);
  }

  /** What the original does not know is answered always. */
  private explain(error: ErrorCode, { feature, words, usage }: CommandRow<Command>): void {
    if (feature !== undefined) this.reply(refusal(error, `usage: ${words.join(" ")} ${usage}`), "");
  }

  private finishJob(job: Job, text: string | null): void {
    if (text === null) return;
    this.job = null;
    this.reply(text, job.tooLong);
    if (this.keep && this.kept.length < KEPT_REPLIES)
      this.kept.push({ line: this.line, text, tooLong: job.tooLong });
  }

  private reply(text: string, tooLong: string): void {
    if (!this.answerable) return;
    const sent = this.channel.reply(text);
    if (errnoOf(sent) === EMSGSIZE && tooLong !== "") this.channel.reply(tooLong);
  }

  /** There is never a reply; a full table is noted once in the log. */
  addRule(rule: Rule): void {
    if (addRule(this.host.engine, rule) || this.fullReported) return;
    this.fullReported = true;
    const count = this.host.engine.call.ruleCount();
    this.host.sys.print(
      STDERR,
      `policy add ignored: the table is full with ${count} rules; raise max_rules\n`,
    );
  }
}
