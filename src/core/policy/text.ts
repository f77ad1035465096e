// The policy table as text, control-protocol.md §5: one rule per line, each a valid request.

import {
  ACTION_FORWARD,
  REGION_RULES,
  RULE_ACTION,
  RULE_DST,
  RULE_SRC,
  RULE_STRIDE,
  RULE_TARGET,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { formatCidr, readPrefix } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import type { Rule } from "./roles.ts";

export const EMPTY_TABLE = "# no policy rules\n";
/** The reply to a page behind the last rule. */
export const END_OF_TABLE = "# no more policy rules\n";

/** A rule as its request line, with a newline. */
export function formatRule(rule: Rule): string {
  const src = formatCidr(rule.src);
  const dst = formatCidr(rule.dst);
  const action = rule.action === ACTION_FORWARD ? `forward --target ${rule.target}` : "drop";
  return `policy add --src ${src} --dst ${dst} --action ${action}\n`;
}

/** Rule `index` of the engine's table. */
export function readRule(engine: Engine, index: number): Rule {
  // The region moves when a rule is added, so it is looked up each time.
  const at = engine.call.region(REGION_RULES) + index * RULE_STRIDE;
  const { u32 } = engine;
  const action = u32[(at + RULE_ACTION) >> 2]!;
  return {
    src: readPrefix(engine, at + RULE_SRC),
    dst: readPrefix(engine, at + RULE_DST),
    action,
    target: action === ACTION_FORWARD ? u32[(at + RULE_TARGET) >> 2]! : 0,
  };
}

/** The comment's text around its two numbers. */
const MORE_LEFT = "# ";
const MORE_NEXT = ' more rule(s): ask with "policy show --from ';
const MORE_END = '"\n';

/** The last line of a page when `left` rules are left from `next` on. */
export function moreComment(left: number, next: number): string {
  return `${MORE_LEFT}${left}${MORE_NEXT}${next}${MORE_END}`;
}

/** Where the last line of a page begins. */
function lastLine(page: string): number {
  return page.lastIndexOf("\n", page.length - 2) + 1;
}

/** The index to ask for next when a page ends with moreComment, else -1. */
export function nextPage(page: string): number {
  const start = lastLine(page);
  const text = page.indexOf(MORE_NEXT, start);
  const number = text + MORE_NEXT.length;
  const end = page.length - MORE_END.length;
  if (page.substring(start, start + MORE_LEFT.length) !== MORE_LEFT || text < 0) return -1;
  if (page.substring(end) !== MORE_END) return -1;
  return parseDecimal(page, number, end, 0xffffffff);
}

/** A page without its final comment. */
export function withoutComment(page: string): string {
  return nextPage(page) < 0 ? page : page.substring(0, lastLine(page));
}
