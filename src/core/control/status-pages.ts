// A status read page by page (control-protocol.md §6).

import { readStatusPage, type StatusPage } from "../status/page.ts";
import { STDERR } from "../sys.ts";
import { type Conversation, saysFailure } from "./conversation.ts";

/** More pages than any status has: 16,384 peers need about a hundred. */
const MAX_PAGES = 1024;

/** Gets each part of a status; false: it has seen enough. */
export type TakePart = (part: string) => boolean;

function pageRequest(json: boolean, from: number): string {
  return `status${json ? " --json" : ""} --from ${from}`;
}

/** The reply to the question for the first page, null when there is none, or the exit status after telling why. */
export function firstPage(daemon: Conversation, json: boolean): string | number | null {
  return daemon.send(pageRequest(json, 0)) !== 0 ? 1 : daemon.receive(true);
}

/** Gives `take` the parts of all pages from `first` on, until it has enough. The exit status. */
export function readPages(daemon: Conversation, json: boolean, first: StatusPage, take: TakePart): number {
  let page = first;
  for (let i = 0; i < MAX_PAGES; i++) {
    if (!take(page.part) || page.next === 0) return 0;
    const reply = daemon.request(pageRequest(json, page.next));
    if (typeof reply === "number") return reply;
    const next = readStatusPage(reply, page.next);
    if (next === null || next.run !== page.run) break;
    page = next;
  }
  daemon.sys.print(STDERR, "subnetra: the daemon was restarted while its status was read; ask again\n");
  return 1;
}

/**
 * Reads `status --json` in parts. A daemon that knows no pages ignores the question for one and answers with the whole.
 * 0, or the exit status of a failure after telling why.
 */
export function readJsonStatus(daemon: Conversation, take: TakePart): number {
  const first = daemon.request(pageRequest(true, 0));
  if (typeof first === "number") return first;
  const page = readStatusPage(first, 0);
  if (page !== null) return readPages(daemon, true, page, take);
  if (saysFailure(first)) {
    daemon.sys.print(STDERR, "subnetra: the daemon cannot tell its status in one reply\n");
    return 1;
  }
  take(first);
  return 0;
}
