// The status as control work in pieces: as one reply, or as a page of one.

import type { Job } from "../control/job.ts";
import { CONTROL_PIECE, MAX_REPLY, MAX_STATUS_PAGE } from "../limits.ts";
import { pageLine } from "./page.ts";
import type { StatusForm } from "./status.ts";

/** The whole status. */
export class StatusJob implements Job {
  readonly tooLong: string;
  private readonly form: StatusForm;
  private readonly peers: number;
  private readonly parts: string[] = [];
  private length = 0;
  private next = 0;

  constructor(form: StatusForm, peers: number) {
    this.form = form;
    this.peers = peers;
    this.tooLong = form.refusal;
    this.add(form.head());
  }

  step(): string | null {
    const end = Math.min(this.peers, this.next + CONTROL_PIECE);
    while (this.next < end) this.add(this.form.peer(this.next++));
    if (this.length > MAX_REPLY) return this.tooLong;
    if (this.next < this.peers) return null;
    this.add(this.form.tail());
    return this.parts.join("");
  }

  private add(part: string): void {
    this.parts.push(part);
    this.length += part.length;
  }
}

/** Longer than the first line of any page. */
const LINE_ROOM = 128;

/** One page from peer `from` on. */
export class StatusPageJob implements Job {
  readonly tooLong: string;
  private readonly form: StatusForm;
  private readonly peers: number;
  private readonly run: string;
  private readonly from: number;
  private readonly parts: string[] = [];
  private room = MAX_STATUS_PAGE - LINE_ROOM;
  private next: number;

  constructor(form: StatusForm, peers: number, run: string, from: number) {
    this.form = form;
    this.peers = peers;
    this.run = run;
    this.from = from;
    this.next = from;
    this.tooLong = form.refusal;
    if (from === 0) this.add(form.head());
  }

  step(): string | null {
    const end = Math.min(this.peers, this.next + CONTROL_PIECE);
    for (; this.next < end; this.next++) {
      if (!this.add(this.form.peer(this.next))) return this.page(this.next);
    }
    if (this.next < this.peers) return null;
    return this.add(this.form.tail()) ? this.page(0) : this.page(this.peers);
  }

  /** False when the part has no room. The first of a page always goes in, so that every page gets on. */
  private add(part: string): boolean {
    if (part.length > this.room && this.parts.length > 0) return false;
    this.parts.push(part);
    this.room -= part.length;
    return true;
  }

  private page(next: number): string {
    return pageLine(this.run, this.from, next) + this.parts.join("");
  }
}
