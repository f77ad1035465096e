// A second reader of "policy add" lines, control-protocol.md §2, which shares no code with the first: the fuzz targets
// compare the two. It knows the grammar as patterns; a value's text is its only spelling, so what is formatted must be
// what was written.

import type { Rule } from "../../../src/core/policy/roles.ts";
import { ACTION_DROP, ACTION_FORWARD } from "../../../src/engine/abi.ts";

const OCTET = "(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
const PREFIX = new RegExp(`^${OCTET}[.]${OCTET}[.]${OCTET}[.]${OCTET}/([0-9]|[12][0-9]|3[0-2])$`);
const NUMBER = /^(?:0|[1-9][0-9]{0,9})$/;
const BLANKS = /^[ \t\r]+|[ \t\r]+$/g;
const PATTERNS: { readonly [flag: string]: RegExp } = {
  "--src": PREFIX,
  "--dst": PREFIX,
  "--action": /^(?:forward|drop)$/,
  "--target": NUMBER,
};

export interface ReadRule {
  readonly rule: Rule;
  /** As the daemon must write it, with a newline. */
  readonly text: string;
}

export function trimmed(line: string): string {
  return line.replace(BLANKS, "");
}

function prefixOf(text: string): Rule["src"] {
  const [a, b, c, d, bits] = PREFIX.exec(text)!.slice(1).map(Number);
  return { address: ((a! * 256 + b!) * 256 + c!) * 256 + d!, bits: bits! };
}

/** The rule of a request line, null when the line is no rule. */
export function readRuleLine(line: string): ReadRule | null {
  const [policy, add, ...flags] = trimmed(line).match(/[^ ]+/g) ?? [];
  if (policy !== "policy" || add !== "add" || flags.length % 2 !== 0) return null;
  const values: Record<string, string> = { "--action": "drop" };
  for (let i = 0; i < flags.length; i += 2) {
    const [flag, value] = [flags[i]!, flags[i + 1]!];
    if (!Object.hasOwn(PATTERNS, flag) || !PATTERNS[flag]!.test(value)) return null;
    if (flag === "--target" && Number(value) > 0xffffffff) return null;
    values[flag] = value;
  }
  const { "--src": src, "--dst": dst, "--action": action, "--target": target } = values;
  const forward = action === "forward";
  if (src === undefined || dst === undefined || (forward && target === undefined)) return null;
  return {
    rule: {
      src: prefixOf(src),
      dst: prefixOf(dst),
      action: forward ? ACTION_FORWARD : ACTION_DROP,
      target: forward ? Number(target) : 0,
    },
    text: `policy add --src ${src} --dst ${dst} --action ${forward ? `forward --target ${target}` : "drop"}\n`,
  };
}

export interface ReadTable {
  /** False when a line is no rule or has no room; the rules in front of it stand. */
  readonly accepted: boolean;
  /** The table as text, one rule for each source and destination. */
  readonly rules: readonly string[];
}

/** What a prefix holds, as its bits. */
function network({ address, bits }: Rule["src"]): string {
  return address.toString(2).padStart(32, "0").slice(0, bits);
}

/** What a file of saved rules makes of an empty table. Limits: rules of the table, characters of a line. */
export function readSavedRules(file: string, maxRules: number, maxLine: number): ReadTable {
  const rules: string[] = [];
  const subjects: string[] = [];
  for (const line of file.split("\n").map(trimmed)) {
    if (line === "" || line.startsWith("#")) continue;
    const read = line.length > maxLine ? null : readRuleLine(line);
    const subject = read === null ? "" : `${network(read.rule.src)} ${network(read.rule.dst)}`;
    if (read !== null && subjects.includes(subject)) continue;
    if (read === null || rules.length === maxRules) return { accepted: false, rules };
    rules.push(read.text);
    subjects.push(subject);
  }
  return { accepted: true, rules };
}
