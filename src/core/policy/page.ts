// `policy show` as control work in pieces.

import type { Engine } from "../../engine/exports.ts";
import type { Job } from "../control/job.ts";
import { CONTROL_PIECE, MAX_POLICY_REPLY } from "../limits.ts";
import { EMPTY_TABLE, END_OF_TABLE, formatRule, moreComment, readRule } from "./text.ts";

/**
 * One reply's worth of the table from rule `from`: whole lines, then, when rules are left, a comment with their number
 * and how to ask for them; together at most MAX_POLICY_REPLY bytes. (The largest table of the original fits.)
 */
export class PolicyPageJob implements Job {
  readonly tooLong = "";
  private readonly engine: Engine;
  private readonly count: number;
  private readonly lines: string[] = [];
  private readonly from: number;
  private length = 0;

  constructor(engine: Engine, from: number) {
    this.engine = engine;
    this.count = engine.call.ruleCount();
    this.from = from;
  }

  step(): string | null {
    if (this.count === 0) return EMPTY_TABLE;
    if (this.from >= this.count) return END_OF_TABLE;
    for (let i = 0; i < CONTROL_PIECE; i++) {
      const index = this.from + this.lines.length;
      if (index === this.count) return this.lines.join("");
      const line = formatRule(readRule(this.engine, index));
      if (this.length + line.length > MAX_POLICY_REPLY) return this.fullPage();
      this.lines.push(line);
      this.length += line.length;
    }
    return null;
  }

  /** Gives lines back until the comment has room. */
  private fullPage(): string {
    for (;;) {
      const next = this.from + this.lines.length;
      const comment = moreComment(this.count - next, next);
      if (this.length + comment.length <= MAX_POLICY_REPLY) return this.lines.join("") + comment;
      this.length -= this.lines.pop()!.length;
    }
  }
}
