// Pages of a status that no datagram holds.
//
// A page (`status --from N`, `status --json --from N`) is one line and then a part of the whole reply:
//
//   # status page run=<run> from=<N> next=<M>
//
// `run` differs from one run of the daemon to the next. The part begins with peer N (0: with everything before the
// first peer) and the next page is asked for with M; M = 0 says that this is the last page, which ends with
// everything behind the last peer. The parts of all pages, joined, are what `status` or `status --json` answers where
// one datagram holds it. M is always above N. A page has at most 65,000 bytes.

import { parseDecimal } from "../decimal.ts";

const PAGE_RUN = "# status page run=";
const PAGE_FROM = " from=";
const PAGE_NEXT = " next=";

/** The first line of a page. */
export function pageLine(run: string, from: number, next: number): string {
  return `${PAGE_RUN}${run}${PAGE_FROM}${from}${PAGE_NEXT}${next}\n`;
}

export interface StatusPage {
  readonly run: string;
  /** Where the next page begins, 0 when there is none. */
  readonly next: number;
  /** This page's part of the whole. */
  readonly part: string;
}

/** Reads a reply to a request for the page from `from` on. Null when it is anything else. */
export function readStatusPage(reply: string, from: number): StatusPage | null {
  const end = reply.indexOf("\n");
  const fromAt = reply.indexOf(`${PAGE_FROM}${from}${PAGE_NEXT}`);
  if (reply.indexOf(PAGE_RUN) !== 0 || fromAt < 0 || fromAt > end) return null;
  const nextAt = reply.indexOf(PAGE_NEXT, fromAt) + PAGE_NEXT.length;
  const next = parseDecimal(reply, nextAt, end, 0xffffffff);
  if (next !== 0 && next <= from) return null;
  return { run: reply.substring(PAGE_RUN.length, fromAt), next, part: reply.substring(end + 1) };
}
