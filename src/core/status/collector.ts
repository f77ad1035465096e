// Collects `status --json` of any length: in one reply, or page by page (control-protocol.md §6).

import { readStatusPage } from "./page.ts";

/** More pages than any status has: 16,384 peers need about a hundred. */
const MAX_PAGES = 1024;
const WHOLE = "status --json";

/** Says what to ask next and takes the reply; it waits for nothing itself, so it serves hosts that block and that do not. */
export class StatusCollector {
  /** The line to send. */
  request: string;
  /** Why there is no status, "" while there may be one. */
  problem = "";
  /** The status in pieces that belong together, once `take` has returned false and there is no problem. */
  readonly parts: string[] = [];
  private from: number;
  private run = "";
  private pages = 0;

  /** @param paged begin with pages: the last status did not fit into one reply */
  constructor(paged: boolean) {
    this.from = paged ? 0 : -1;
    this.request = paged ? page(0) : WHOLE;
  }

  /** Whether it took pages. */
  get paged(): boolean {
    return this.pages > 0;
  }

  /** Takes the reply to `request`, null when none came in time. True when the next request is to be sent. */
  take(reply: string | null): boolean {
    if (reply === null) return this.fail("no response from the daemon (timed out)");
    if (this.from < 0) {
      if (reply.indexOf('{"error"') !== 0) return this.finish(reply);
      return this.next(0);
    }
    const read = readStatusPage(reply, this.from);
    if (read === null) return this.fail("the daemon cannot tell its status");
    if (this.pages > 0 && read.run !== this.run)
      return this.fail("the daemon was restarted while it told its status");
    if (++this.pages > MAX_PAGES) return this.fail("the daemon's status does not end");
    this.parts.push(read.part);
    this.run = read.run;
    return read.next === 0 ? false : this.next(read.next);
  }

  private next(from: number): boolean {
    this.from = from;
    this.request = page(from);
    return true;
  }

  private finish(reply: string): boolean {
    this.parts.push(reply);
    return false;
  }

  private fail(problem: string): boolean {
    this.problem = problem;
    return false;
  }
}

function page(from: number): string {
  return `${WHOLE} --from ${from}`;
}
