// Arguments of the tools: two-word flags, as tools.md has them. Unlike the original's, an unknown flag is refused.

import { parseDecimal } from "../decimal.ts";
import { quoted } from "../errors.ts";

/** A complaint of a tool: the text behind `<tool>: `, and the name of the second line. */
export class ToolFailure {
  readonly text: string;
  readonly code: string;

  constructor(text: string, code = "InvalidArgument") {
    this.text = text;
    this.code = code;
  }
}

/** What a tool accepts. */
export interface Grammar {
  /** Flags followed by a value. */
  readonly values: readonly string[];
  /** Flags followed by a value, or by another flag or nothing: then their value is "". */
  readonly optional?: readonly string[];
  /** Flags that stand alone. */
  readonly switches?: readonly string[];
  /** Flags followed by a value that may be given more than once. */
  readonly lists?: readonly string[];
  /** How many words without a flag are accepted; 0 by default. */
  readonly words?: number;
}

export class Arguments {
  private readonly values: { [flag: string]: string } = {};
  private readonly lists: { [flag: string]: string[] } = {};
  private readonly switches: { [flag: string]: true } = {};
  readonly words: string[] = [];

  /** @throws ToolFailure for an unknown flag, a missing value, or a word too many */
  constructor(grammar: Grammar, args: readonly string[]) {
    const { values, optional = [], switches = [], lists = [], words = 0 } = grammar;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (switches.indexOf(arg) >= 0) {
        this.switches[arg] = true;
      } else if (optional.indexOf(arg) >= 0) {
        const next = args[i + 1];
        const given = next !== undefined && next.charAt(0) !== "-";
        this.values[arg] = given ? next : "";
        if (given) i++;
      } else if (values.indexOf(arg) >= 0 || lists.indexOf(arg) >= 0) {
        const value = args[++i];
        if (value === undefined) throw new ToolFailure(`${arg} needs a value`);
        if (values.indexOf(arg) >= 0) this.values[arg] = value;
        else this.append(arg, value);
      } else if (arg.charAt(0) !== "-" && this.words.length < words) {
        this.words.push(arg);
      } else {
        // Not echoed as it is: a key typed in the wrong place must not reach a log.
        throw new ToolFailure(`unknown argument ${quoted(arg)}; see --help`);
      }
    }
  }

  private append(flag: string, value: string): void {
    const list = this.lists[flag];
    if (list === undefined) this.lists[flag] = [value];
    else list.push(value);
  }

  has(flag: string): boolean {
    return this.switches[flag] === true;
  }

  /** The flag's value (the last one given), or null. */
  value(flag: string): string | null {
    const value = this.values[flag];
    return value === undefined ? null : value;
  }

  /** All values of a flag that may be repeated, in their order. */
  list(flag: string): readonly string[] {
    return this.lists[flag] || [];
  }

  /** The value of a flag that must be there. @throws ToolFailure `<flag> <what> is required` */
  required(flag: string, what: string): string {
    const value = this.value(flag);
    if (value === null) throw new ToolFailure(`${flag} ${what} is required`);
    return value;
  }

  /**
   * A decimal number of 0 … max.
   *
   * @param fallback what stands for a flag that is not given
   * @param complaint the text when the value is anything else
   */
  number(flag: string, fallback: number, max: number, complaint: string): number {
    const text = this.value(flag);
    if (text === null) return fallback;
    const value = parseDecimal(text, 0, text.length, max);
    if (value < 0) throw new ToolFailure(complaint);
    return value;
  }
}
