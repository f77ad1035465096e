// The requests about the policy, control-protocol.md §2 and §11: what their words say.

import { ACTION_DROP, ACTION_FORWARD } from "../../engine/abi.ts";
import { type Cidr, parseCidr, parseHost } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import type { Rule } from "../policy/roles.ts";

export type ParseError = "UnknownCommand" | "MissingArgument" | "InvalidValue";

export interface NotACommand {
  readonly verb: "none";
  readonly error: ParseError;
}
export interface Show {
  readonly verb: "show";
  /** First rule of the page. */
  readonly from: number;
}
export interface Add {
  readonly verb: "add";
  readonly rule: Rule;
}
/** `policy add` with an answer. */
export interface Insert {
  readonly verb: "insert";
  readonly rule: Rule;
  /** Even where the target is no peer. */
  readonly force: boolean;
}
export interface Delete {
  readonly verb: "del";
  readonly dst: Cidr;
  /** null: whatever the source. */
  readonly src: Cidr | null;
}
export interface Test {
  readonly verb: "test";
  /** Two single addresses. */
  readonly src: Cidr;
  readonly dst: Cidr;
}
/** The client's part of `policy replace`: no daemon is sent it. */
export interface Replace {
  readonly verb: "replace";
}
export interface Upload {
  readonly verb: "upload";
  readonly step: "begin" | "page" | "commit" | "abort";
  /** Of the upload it belongs to, 0 for "begin". */
  readonly token: number;
  /** "begin": rules to come. "page": number of the first rule. */
  readonly number: number;
  /** Even where a target is no peer; of "begin". */
  readonly force: boolean;
  /** "page": all words of the line, rules from PAGE_RULES on, not looked at yet. */
  readonly words: readonly string[];
}

/** Index of the first rule among the words of a page. */
export const PAGE_RULES = 4;

const U32 = 4294967295;

export function none(error: ParseError): NotACommand {
  return { verb: "none", error };
}

export function parseU32(text: string): number {
  return parseDecimal(text, 0, text.length, U32);
}

/** The number behind a --from at words[at] or later, `absent` when there is none. */
export function parseFrom(words: string[], at: number, absent: number): number | ParseError {
  const flag = words.indexOf("--from", at);
  if (flag < 0) return absent;
  const value = words[flag + 1];
  if (value === undefined) return "MissingArgument";
  const from = parseU32(value);
  return from < 0 ? "InvalidValue" : from;
}

/** Words the grammar does not know are ignored here, as the reference does. */
export function parseShow(words: string[]): Show | NotACommand {
  const from = parseFrom(words, 2, 0);
  return typeof from === "string" ? none(from) : { verb: "show", from };
}

export function parseAdd(words: string[]): Add | NotACommand {
  let src: Cidr | null = null;
  let dst: Cidr | null = null;
  let action = ACTION_DROP;
  let target = -1;
  for (let i = 2; i < words.length; i += 2) {
    const flag = words[i]!;
    if (flag !== "--src" && flag !== "--dst" && flag !== "--action" && flag !== "--target") {
      return none("UnknownCommand");
    }
    const value = words[i + 1];
    if (value === undefined) return none("MissingArgument");
    if (flag === "--src" || flag === "--dst") {
      const cidr = parseCidr(value);
      if (cidr === null) return none("InvalidValue");
      if (flag === "--src") src = cidr;
      else dst = cidr;
    } else if (flag === "--action") {
      if (value !== "forward" && value !== "drop") return none("InvalidValue");
      action = value === "forward" ? ACTION_FORWARD : ACTION_DROP;
    } else {
      target = parseU32(value);
      if (target < 0) return none("InvalidValue");
    }
  }
  // A missing target must never turn into local delivery.
  if (src === null || dst === null || (action === ACTION_FORWARD && target < 0))
    return none("MissingArgument");
  return { verb: "add", rule: { src, dst, action, target: action === ACTION_FORWARD ? target : 0 } };
}

/** The words but for every `--force`. */
export function withoutForce(words: readonly string[]): string[] {
  return words.filter((word) => word !== "--force");
}

/** A new request guesses nothing: the action has to be said. */
export function parseInsert(words: string[]): Insert | NotACommand {
  const rest = withoutForce(words);
  const add = parseAdd(rest);
  if (add.verb === "none") return add;
  if (!saysAction(rest)) return none("MissingArgument");
  return { verb: "insert", rule: add.rule, force: rest.length < words.length };
}

/** Whether the words of a rule say what it does, or leave it to the default, which is drop. */
export function saysAction(words: readonly string[]): boolean {
  return words.indexOf("--action") >= 0;
}

export function parseDelete(words: string[]): Delete | NotACommand {
  let src: Cidr | null = null;
  let dst: Cidr | null = null;
  for (let i = 2; i < words.length; i += 2) {
    const flag = words[i]!;
    if (flag !== "--src" && flag !== "--dst") return none("UnknownCommand");
    const value = words[i + 1];
    if (value === undefined) return none("MissingArgument");
    const cidr = parseCidr(value);
    if (cidr === null) return none("InvalidValue");
    if (flag === "--src") src = cidr;
    else dst = cidr;
  }
  return dst === null ? none("MissingArgument") : { verb: "del", dst, src };
}

export function parseTest(words: string[]): Test | NotACommand {
  if (words.length < 4) return none("MissingArgument");
  if (words.length > 4) return none("UnknownCommand");
  const src = parseHost(words[2]!);
  const dst = parseHost(words[3]!);
  return src === null || dst === null ? none("InvalidValue") : { verb: "test", src, dst };
}

export function parseReplace(words: string[]): Replace | NotACommand {
  return withoutForce(words).length < 3 ? none("MissingArgument") : { verb: "replace" };
}

/** `begin COUNT [--force]`, `TOKEN FROM RULE …`, `TOKEN commit`, `TOKEN abort`. */
export function parseUpload(words: string[]): Upload | NotACommand {
  if (words.length < 4) return none("MissingArgument");
  const begins = words[2] === "begin";
  const force = begins && words[4] === "--force";
  const ends = words[3] === "commit" || words[3] === "abort";
  const token = begins ? 0 : parseU32(words[2]!);
  const number = ends ? 0 : parseU32(words[3]!);
  if (token < 0 || number < 0) return none("InvalidValue");
  if ((begins && words.length > (force ? 5 : 4)) || (ends && words.length > 4)) return none("UnknownCommand");
  if (!begins && !ends && words.length === PAGE_RULES) return none("MissingArgument");
  const step = begins ? "begin" : ends ? (words[3] as "commit" | "abort") : "page";
  return { verb: "upload", step, token, number, force, words };
}
