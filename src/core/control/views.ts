// Commands of the client that the daemon does not know: what they show is made here from `status --json`, so they work
// with every daemon (control-protocol.md §13).

import type { Conversation } from "./conversation.ts";
import { isOnline, peerRow, peerTable, peerTexts } from "./peer-table.ts";
import { readJsonStatus } from "./status-pages.ts";
import { splitWords, trimLine } from "./words.ts";

export interface View {
  /** All words of the line. */
  readonly words: readonly string[];
  /** For the help. */
  readonly help: string;
  /** The exit status is all that it says. */
  readonly quiet: boolean;
  /** @returns the exit status */
  run(daemon: Conversation): number;
}

export const VIEWS: readonly View[] = [
  {
    words: ["peers"],
    help: "the peers as a table: state, traffic, losses",
    quiet: false,
    run: (daemon) => {
      const rows: string[][] = [];
      const failed = readJsonStatus(daemon, (part) => {
        const texts = peerTexts(part);
        for (let i = 0; i < texts.length; i++) rows.push(peerRow(texts[i]!));
        return true;
      });
      if (failed !== 0) return failed;
      daemon.show(peerTable(rows));
      return 0;
    },
  },
  {
    words: ["status", "--healthy"],
    help: "no output; exit 0 when a peer is online, else 1",
    quiet: true,
    run: (daemon) => {
      let online = false;
      readJsonStatus(daemon, (part) => {
        const texts = peerTexts(part);
        for (let i = 0; i < texts.length && !online; i++) online = isOnline(texts[i]!);
        return !online;
      });
      return online ? 0 : 1;
    },
  },
];

/** The view that a line asks for, or null. */
export function findView(line: string): View | null {
  const words = splitWords(trimLine(line)).join(" ");
  for (let i = 0; i < VIEWS.length; i++) if (VIEWS[i]!.words.join(" ") === words) return VIEWS[i]!;
  return null;
}
