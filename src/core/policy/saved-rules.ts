// Saved rules loaded at start: the lines of a snapshot, applied after the role's rules.

import { REGION_SCRATCH } from "../../engine/abi.ts";
import { formatCidr, networkOf } from "../cidr.ts";
import { parseCommand } from "../control/commands.ts";
import { trimLine } from "../control/words.ts";
import { errnoText } from "../errno-text.ts";
import type { ErrorCode } from "../error-codes.ts";
import { quoted, type SubnetraError, subnetraError } from "../errors.ts";
import type { Host } from "../host.ts";
import { MAX_COMMAND } from "../limits.ts";
import { readText } from "../memory.ts";
import { ENOENT, errnoOf, OPEN_READ } from "../sys.ts";
import { addRule, type Rule } from "./roles.ts";
import { readRule } from "./text.ts";

/** Bytes read at a time. */
const CHUNK = 65536;

/**
 * What a rule decides about. Of two rules that have it in common the earlier one decides, so the later one would never
 * have an effect: it is what a rule of the role becomes when the configuration has changed since it was saved.
 */
function subjectOf(rule: Rule): string {
  return `${formatCidr(networkOf(rule.dst))} ${formatCidr(networkOf(rule.src))}`;
}

/**
 * Applies the rules in a file. Empty lines and `#` comments are ignored, and so is a rule for which the table has one
 * already that decides about the same, so that neither saving and restarting nor a changed configuration lets the
 * table grow.
 *
 * @returns false when there is no such file
 * @throws SubnetraError PolicyReadFailed, a parse error of control-protocol.md §2, or OutOfSpace
 */
export function loadSavedRules(host: Host, path: string): boolean {
  const fd = host.sys.open(path, OPEN_READ);
  if (fd < 0) {
    if (errnoOf(fd) === ENOENT) return false;
    throw subnetraError("PolicyReadFailed", "", `the file cannot be opened (${errnoText(errnoOf(fd))})`);
  }
  try {
    new RuleLoader(host).run(fd);
  } finally {
    host.sys.close(fd);
  }
  return true;
}

class RuleLoader {
  private readonly host: Host;
  /** What the rules in the table decide about. */
  private readonly known: { [subject: string]: true } = {};
  private line = 0;

  constructor(host: Host) {
    this.host = host;
    const { engine } = host;
    for (let i = 0; i < engine.call.ruleCount(); i++) this.known[subjectOf(readRule(engine, i))] = true;
  }

  /** Reads the file in pieces; `rest` carries a line over from one piece to the next. */
  run(fd: number): void {
    const { engine, sys } = this.host;
    const scratch = engine.call.region(REGION_SCRATCH);
    let rest = "";
    for (;;) {
      const n = sys.read(fd, scratch, CHUNK);
      if (n < 0)
        throw subnetraError("PolicyReadFailed", "", `the file cannot be read (${errnoText(errnoOf(n))})`);
      if (n === 0) break;
      const lines = (rest + readText(engine.u8, scratch, n)).split("\n");
      rest = lines.pop()!;
      for (let i = 0; i < lines.length; i++) this.apply(lines[i]!);
      // An endless line must not grow in memory.
      if (rest.length > CHUNK) {
        this.line++;
        throw this.tooLong();
      }
    }
    this.apply(rest);
  }

  private apply(raw: string): void {
    this.line++;
    const text = trimLine(raw);
    if (text === "" || text.charAt(0) === "#") return;
    if (text.length > MAX_COMMAND) throw this.tooLong();
    const command = parseCommand(text);
    if (command.verb === "none") throw this.error(command.error, `${quoted(text)} is not a rule`);
    if (command.verb !== "add") throw this.error("UnknownCommand", `${quoted(text)} is not a rule`);
    const key = subjectOf(command.rule);
    if (this.known[key]) return;
    if (!addRule(this.host.engine, command.rule)) {
      const count = this.host.engine.call.ruleCount();
      throw this.error("OutOfSpace", `the policy table is full with ${count} rules`, "raise max_rules");
    }
    this.known[key] = true;
  }

  private tooLong(): SubnetraError {
    return this.error("InvalidValue", "the line is too long");
  }

  private error(
    code: ErrorCode,
    detail: string,
    remedy = "write it as policy show prints it, or remove the line",
  ): SubnetraError {
    return subnetraError(code, "", `line ${this.line}: ${detail}`, remedy);
  }
}
