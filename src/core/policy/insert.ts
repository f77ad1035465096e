// `policy add` with an answer, control-protocol.md §11.

import type { Engine } from "../../engine/exports.ts";
import { refusal } from "../control/job.ts";
import { addRule, isAstray, type Rule } from "./roles.ts";

/** Appends a rule. The reply. With `force` even one that forwards to an id that is no peer's. */
export function insertRule(engine: Engine, rule: Rule, force: boolean): string {
  if (!force && isAstray(engine, rule)) return refusal("UnknownTarget", astray(rule.target));
  if (addRule(engine, rule)) return `ok ${engine.call.ruleCount()} rules\n`;
  return refusal("OutOfSpace", `the table is full with ${engine.call.ruleCount()} rules; raise max_rules`);
}

/** What is wrong with such a target. */
export function astray(target: number): string {
  return `no peer has id ${target}; --force takes it nevertheless`;
}
