// A file of rules on its way to the daemon, control-protocol.md §11: read whole, judged line by line, cut into pages.

import { ACTION_FORWARD, LIMIT_RULES } from "../../engine/abi.ts";
import { formatCidr } from "../cidr.ts";
import { parseCommand } from "../control/commands.ts";
import { saysAction } from "../control/policy-grammar.ts";
import { splitWords, trimLine } from "../control/words.ts";
import { errnoText } from "../errno-text.ts";
import { quoted } from "../errors.ts";
import { MAX_COMMAND, MAX_RULE_PAGE } from "../limits.ts";
import { type ClientSys, EAGAIN, errnoOf, OPEN_READ, POLL_READ, STDIN } from "../sys.ts";
import type { Rule } from "./roles.ts";

/** Bytes read at a time. */
const CHUNK = 65536;

/** Rules as the daemon takes them (upload.ts), several in a text, with a space between two. */
export interface RulePage {
  /** Number of the first, from 0. */
  readonly from: number;
  readonly rules: string;
}

export interface RuleFile {
  readonly pages: readonly RulePage[];
  /** The line, from 1, on which each rule stands. */
  readonly lines: readonly number[];
}

/** The rules of a file ("-": the standard input), or what is wrong with it, the line named. */
export function readRuleFile(sys: ClientSys, path: string): RuleFile | string {
  const fd = path === "-" ? STDIN : sys.open(path, OPEN_READ);
  if (fd < 0) return `the file cannot be opened (${errnoText(errnoOf(fd))})`;
  const reader = new RuleReader();
  const problem = reader.read(sys, fd);
  if (fd !== STDIN) sys.close(fd);
  return problem === "" ? reader : problem;
}

/** Keeps the rules and not the text, of which a router has no room for much. */
class RuleReader implements RuleFile {
  readonly pages: RulePage[] = [];
  readonly lines: number[] = [];
  private page: string[] = [];
  private pageLength = 0;
  private number = 0;

  /** Reads to the end. What is wrong, or "". */
  read(sys: ClientSys, fd: number): string {
    let rest = "";
    for (;;) {
      const part = sys.readText(fd, CHUNK);
      if (typeof part === "number") {
        if (errnoOf(part) !== EAGAIN) return `the file cannot be read (${errnoText(errnoOf(part))})`;
        sys.poll(fd, POLL_READ, -1);
        continue;
      }
      const lines = (rest + part).split("\n");
      rest = part === "" ? "" : lines.pop()!;
      // An endless line must not grow in memory.
      if (rest.length > CHUNK) lines.push(rest);
      for (let i = 0; i < lines.length; i++) {
        const problem = this.take(trimLine(lines[i]!));
        if (problem !== "") return `line ${this.number}: ${problem}`;
      }
      if (part === "") break;
    }
    this.endPage();
    return "";
  }

  private take(line: string): string {
    this.number++;
    if (line === "" || line.charAt(0) === "#") return "";
    const rule = readRuleLine(line);
    if (typeof rule === "string") return rule;
    if (this.lines.length === LIMIT_RULES) return `the file has more than ${LIMIT_RULES} rules`;
    const staged = formatStaged(rule);
    if (this.pageLength + staged.length + 1 > MAX_RULE_PAGE) this.endPage();
    this.page.push(staged);
    this.pageLength += staged.length + 1;
    this.lines.push(this.number);
    return "";
  }

  private endPage(): void {
    if (this.page.length === 0) return;
    this.pages.push({ from: this.lines.length - this.page.length, rules: this.page.join(" ") });
    this.page = [];
    this.pageLength = 0;
  }
}

function readRuleLine(line: string): Rule | string {
  if (line.length > MAX_COMMAND) return "the line is too long";
  const command = parseCommand(line);
  if (command.verb === "none") return `${quoted(line)} is not a rule (${command.error})`;
  if (command.verb !== "add") return `${quoted(line)} is not a rule; write it as policy show prints it`;
  if (!saysAction(splitWords(line))) return `${quoted(line)} does not say --action forward or --action drop`;
  return command.rule;
}

/** A rule as upload.ts parses it. */
export function formatStaged(rule: Rule): string {
  const target = rule.action === ACTION_FORWARD ? String(rule.target) : "drop";
  return `${formatCidr(rule.src)},${formatCidr(rule.dst)},${target}`;
}
