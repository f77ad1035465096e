// `policy del` as control work in pieces, control-protocol.md §11.

import { ACTION_DROP, REGION_SCRATCH } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { ANY, type Cidr, formatCidr } from "../cidr.ts";
import { type Job, refusal } from "../control/job.ts";
import { TABLE_PIECE } from "../limits.ts";
import { writeRule } from "./roles.ts";

/**
 * Makes a table without the rules of a destination, and puts it in force. No rule is added meanwhile, because requests
 * are handled one by one; packets are decided by the old table until then.
 */
export class DeleteJob implements Job {
  readonly tooLong = "";
  private readonly engine: Engine;
  private readonly dst: Cidr;
  /** null: whatever the source. */
  private readonly src: Cidr | null;
  private readonly count: number;
  private next = 0;
  private removed = 0;

  constructor(engine: Engine, dst: Cidr, src: Cidr | null) {
    this.engine = engine;
    this.dst = dst;
    this.src = src;
    this.count = engine.call.ruleCount();
  }

  step(): string | null {
    const { call } = this.engine;
    if (this.next === 0) call.beginRules();
    // Others use the scratch memory between two steps.
    const match = call.region(REGION_SCRATCH);
    const src = this.src === null ? ANY : this.src;
    writeRule(this.engine, match, { src, dst: this.dst, action: ACTION_DROP, target: 0 });
    this.removed += call.keepRules(this.next, TABLE_PIECE, match, this.src === null ? 0 : 1);
    this.next += TABLE_PIECE;
    if (this.next < this.count) return null;
    if (this.removed === 0) return this.nothing();
    call.commitRules();
    return `ok ${this.removed} removed\n`;
  }

  private nothing(): string {
    const source = this.src === null ? "" : ` and source ${formatCidr(this.src)}`;
    return refusal("NoSuchRule", `no rule has destination ${formatCidr(this.dst)}${source}; see policy show`);
  }
}
