// The request lines of control-protocol.md §2, shared by daemon and client. One addition: `policy show --from N`.

import { ACTION_DROP, ACTION_FORWARD } from "../../engine/abi.ts";
import { type Cidr, parseCidr } from "../cidr.ts";
import { parseDecimal } from "../decimal.ts";
import type { Rule } from "../policy/roles.ts";

export type ParseError = "UnknownCommand" | "MissingArgument" | "InvalidValue";

export type Command =
  | { readonly verb: "save" }
  | { readonly verb: "status"; readonly json: boolean }
  | { readonly verb: "show"; readonly from: number }
  | { readonly verb: "add"; readonly rule: Rule }
  | { readonly verb: "none"; readonly error: ParseError };

const U32 = 4294967295;

/** Parses one line without its newline. A line that does not parse gives verb "none" and the reason. */
export function parseCommand(line: string): Command {
  const words = splitWords(trimLine(line));
  switch (words[0]) {
    case "save":
      return { verb: "save" };
    case "status":
      return parseStatus(words);
    case "policy":
      return parsePolicy(words);
    default:
      return none("UnknownCommand");
  }
}

/** Removes spaces, tabs and carriage returns at both ends. */
export function trimLine(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.substring(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}

/** Splits at runs of spaces; any other character, a tab included, is part of a word. */
function splitWords(text: string): string[] {
  const parts = text.split(" ");
  const words: string[] = [];
  for (let i = 0; i < parts.length; i++) if (parts[i] !== "") words.push(parts[i]!);
  return words;
}

function none(error: ParseError): Command {
  return { verb: "none", error };
}

function parseStatus(words: string[]): Command {
  if (words.length === 1) return { verb: "status", json: false };
  return words[1] === "--json" ? { verb: "status", json: true } : none("UnknownCommand");
}

function parsePolicy(words: string[]): Command {
  if (words.length === 1) return none("MissingArgument");
  if (words[1] === "show") return parseShow(words);
  return words[1] === "add" ? parseAdd(words) : none("UnknownCommand");
}

/** Words the grammar does not know are ignored here, as the reference does. */
function parseShow(words: string[]): Command {
  const at = words.indexOf("--from", 2);
  if (at < 0) return { verb: "show", from: 0 };
  const value = words[at + 1];
  if (value === undefined) return none("MissingArgument");
  const from = parseDecimal(value, 0, value.length, U32);
  return from < 0 ? none("InvalidValue") : { verb: "show", from };
}

function parseAdd(words: string[]): Command {
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
      target = parseDecimal(value, 0, value.length, U32);
      if (target < 0) return none("InvalidValue");
    }
  }
  // A missing target must never turn into local delivery.
  if (src === null || dst === null || (action === ACTION_FORWARD && target < 0))
    return none("MissingArgument");
  return { verb: "add", rule: { src, dst, action, target: action === ACTION_FORWARD ? target : 0 } };
}
