// The client's side of changing rules, control-protocol.md §11.

import type { RuleFile } from "../policy/rule-file.ts";
import { oneLine } from "../printable.ts";
import { STDERR } from "../sys.ts";
import { type Conversation, hasFeature, OK } from "./conversation.ts";
import { parseU32 } from "./policy-grammar.ts";
import { splitWords } from "./words.ts";

/** How long and how often a replacement waits for another one to end. */
const BUSY_LIMIT_MS = 6000;
const BUSY_PAUSE_MS = 200;
/** How a refused page says which of its rules is wrong. */
const RULE_NUMBER = " rule ";

/** Adds a rule, with an answer where the daemon gives one. The original has none: then it is sent, no more. */
export function addRule(daemon: Conversation, line: string, force: boolean): number {
  const features = daemon.features();
  if (features === null) return 1;
  if (!hasFeature(features, "policy-insert")) return daemon.send(line, true);
  const request = `policy insert ${splitWords(line).slice(2).join(" ")}`;
  return daemon.ask(force ? `${request} --force` : request);
}

/**
 * Puts the rules of a file in place of the whole table. The exit status.
 *
 * @param name of the file, for messages
 * @param force even where a target is no peer
 */
export function replaceTable(daemon: Conversation, name: string, file: RuleFile, force: boolean): number {
  if (!daemon.knows("policy-replace", "policy replace")) return 1;
  const begun = beginUpload(daemon, `policy upload begin ${file.lines.length}${force ? " --force" : ""}`);
  if (typeof begun === "number") return begun;
  const token = begun.substring(OK.length, begun.length - 1);
  for (let i = 0; i < file.pages.length; i++) {
    const { from, rules } = file.pages[i]!;
    const reply = daemon.request(`policy upload ${token} ${from} ${rules}`, true);
    if (typeof reply === "number") return reply;
    if (reply.indexOf(OK) !== 0) return tellRefusal(daemon, name, file, reply);
  }
  return daemon.ask(`policy upload ${token} commit`);
}

/** Begins an upload, after another one where it must. The reply, or the exit status. */
function beginUpload(daemon: Conversation, request: string): string | number {
  for (let waited = 0; ; waited += BUSY_PAUSE_MS) {
    const reply = daemon.request(request, true);
    if (typeof reply === "number") return reply;
    if (reply.indexOf(OK) === 0) return reply;
    if (reply.indexOf("error Busy ") !== 0 || waited >= BUSY_LIMIT_MS) return daemon.finish(reply);
    daemon.sys.poll(-1, 0, BUSY_PAUSE_MS);
  }
}

/** Tells of a page that was refused: the daemon counts rules, people count lines. The exit status. */
function tellRefusal(daemon: Conversation, name: string, file: RuleFile, reply: string): number {
  const at = reply.indexOf(RULE_NUMBER);
  const end = reply.indexOf(":", at);
  const rule = at < 0 || end < 0 ? -1 : parseU32(reply.substring(at + RULE_NUMBER.length, end));
  if (rule < 0 || rule >= file.lines.length) return daemon.finish(reply);
  const why = oneLine(reply.substring(end + 2, reply.length - 1));
  daemon.sys.print(STDERR, `subnetra: ${name}: line ${file.lines[rule]!}: ${why}\n`);
  return 1;
}
