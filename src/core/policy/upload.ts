// A whole table in pieces, control-protocol.md §11: the daemon's side of `policy replace`.
//
// A table of a thousand rules fits into no datagram. The client announces its rules, gets a token, sends them page by
// page into the engine's staging area, and asks for the whole to be put in force. There is one staging area: one upload
// at a time has it, until it ends, fails, or is silent for UPLOAD_LIFE_MS. Packets and other requests know nothing of it.

import { ACTION_DROP, ACTION_FORWARD, REGION_STAGED, RULE_STRIDE } from "../../engine/abi.ts";
import { parseCidr } from "../cidr.ts";
import { answer, type Job, refusal } from "../control/job.ts";
import { PAGE_RULES, parseU32, type Upload } from "../control/policy-grammar.ts";
import type { ErrorCode } from "../error-codes.ts";
import type { Host } from "../host.ts";
import { CONTROL_PIECE, TABLE_PIECE, UPLOAD_LIFE_MS } from "../limits.ts";
import { astray } from "./insert.ts";
import { isAstray, type Rule, writeRule } from "./roles.ts";

const UNCHANGED = "nothing was changed";

/** The upload under way. */
export class RuleUpload {
  /** Of the upload that has the staging area, 0 for none. */
  private token = 0;
  private lastToken = 0;
  private deadline = 0;
  /** Rules announced. */
  expected = 0;
  /** Rules received. */
  received = 0;
  /** Take targets that are no peers. */
  force = false;

  /** Milliseconds until the staging area is free, 0 when it is. */
  busyFor(now: number): number {
    return this.token === 0 ? 0 : Math.max(0, Math.ceil(this.deadline - now));
  }

  /** Begins an upload. Its token. */
  begin(expected: number, force: boolean, now: number): number {
    this.lastToken = (this.lastToken % 0xffffffff) + 1;
    this.token = this.lastToken;
    this.expected = expected;
    this.received = 0;
    this.force = force;
    this.touch(now);
    return this.token;
  }

  /** True while the upload with this token is under way. */
  has(token: number, now: number): boolean {
    return token !== 0 && token === this.token && this.busyFor(now) > 0;
  }

  touch(now: number): void {
    this.deadline = now + UPLOAD_LIFE_MS;
  }

  end(): void {
    this.token = 0;
  }
}

/** What a request about an upload makes to be done. */
export function uploadJob(host: Host, upload: RuleUpload, request: Upload): Job {
  const now = host.sys.milliseconds();
  if (request.step === "begin") return answer(begin(host, upload, request, now));
  if (!upload.has(request.token, now))
    return answer(refusal("NoSuchUpload", `it has ended, or was silent for too long: ${UNCHANGED}`));
  upload.touch(now);
  if (request.step === "page") return new PageJob(host, upload, request);
  if (request.step === "commit") return new CommitJob(host, upload);
  upload.end();
  return answer("ok nothing was changed\n");
}

function begin(host: Host, upload: RuleUpload, { number, force }: Upload, now: number): string {
  const busy = upload.busyFor(now);
  if (busy > 0) return refusal("Busy", `another policy replace is under way, for ${busy} ms at most`);
  const limit = host.engine.call.ruleLimit();
  if (number > limit)
    return refusal("OutOfSpace", `${number} rules, the table holds ${limit}; raise max_rules: ${UNCHANGED}`);
  return `ok ${upload.begin(number, force, now)}\n`;
}

/** A rule on its way, `SRC,DST,TARGET` with a peer's id, 0 or "drop" as the target. */
export function parseStagedRule(text: string): Rule | null {
  const parts = text.split(",");
  if (parts.length !== 3) return null;
  const src = parseCidr(parts[0]!);
  const dst = parseCidr(parts[1]!);
  const drop = parts[2] === "drop";
  const target = drop ? 0 : parseU32(parts[2]!);
  if (src === null || dst === null || target < 0) return null;
  return { src, dst, action: drop ? ACTION_DROP : ACTION_FORWARD, target };
}

/** Takes a page of rules in. When one is wrong, the upload ends. */
class PageJob implements Job {
  readonly tooLong = "";
  private readonly host: Host;
  private readonly upload: RuleUpload;
  private readonly request: Upload;
  private next = PAGE_RULES;

  constructor(host: Host, upload: RuleUpload, request: Upload) {
    this.host = host;
    this.upload = upload;
    this.request = request;
  }

  step(): string | null {
    const { upload, request } = this;
    const { number, words } = request;
    const count = words.length - PAGE_RULES;
    if (number !== upload.received || count > upload.expected - number)
      return this.fail("OutOfOrder", `rules ${number} to ${number + count - 1} after ${upload.received}`);
    const end = Math.min(words.length, this.next + CONTROL_PIECE);
    while (this.next < end) {
      const refused = this.take(number + this.next - PAGE_RULES, words[this.next]!);
      if (refused !== null) return refused;
      this.next++;
    }
    if (this.next < words.length) return null;
    upload.received = number + count;
    return `ok ${upload.received} of ${upload.expected} rules\n`;
  }

  /** Stages rule `index`. The reply when it is wrong. */
  private take(index: number, text: string): string | null {
    const { engine } = this.host;
    const rule = parseStagedRule(text);
    if (rule === null) return this.fail("InvalidValue", `rule ${index}: not SRC,DST,TARGET`);
    if (!this.upload.force && isAstray(engine, rule))
      return this.fail("UnknownTarget", `rule ${index}: ${astray(rule.target)}`);
    writeRule(engine, engine.call.region(REGION_STAGED) + index * RULE_STRIDE, rule);
    return null;
  }

  private fail(code: ErrorCode, problem: string): string {
    this.upload.end();
    return refusal(code, `${problem}: ${UNCHANGED}`);
  }
}

/** Puts the rules received in force in one step, when they are all there. */
class CommitJob implements Job {
  readonly tooLong = "";
  private readonly host: Host;
  private readonly upload: RuleUpload;
  private next = 0;

  constructor(host: Host, upload: RuleUpload) {
    this.host = host;
    this.upload = upload;
  }

  step(): string | null {
    const { expected, received } = this.upload;
    const { call } = this.host.engine;
    if (this.next === 0) {
      this.upload.end();
      if (received !== expected)
        return refusal("OutOfOrder", `${received} of ${expected} rules have come: ${UNCHANGED}`);
      call.beginRules();
    }
    const count = Math.min(TABLE_PIECE, expected - this.next);
    call.stageRules(this.next, count);
    this.next += count;
    if (this.next < expected) return null;
    call.commitRules();
    return `ok ${expected} rules\n`;
  }
}
