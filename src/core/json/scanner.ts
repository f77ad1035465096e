// The tokens of strict JSON (RFC 8259) in a byte array, and errors that name their place.

import { type ErrorCode, remedyFor } from "../error-codes.ts";
import { type SubnetraError, subnetraError } from "../errors.ts";
import { isContinuation, leadLength, validSecond } from "../utf8.ts";
import { knownMistake } from "./mistakes.ts";
import { hexDigit, isLetterEscape, unitAt } from "./text.ts";

const DOT = 0x2e;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
export const QUOTE = 0x22;
export const MINUS = 0x2d;
export const ZERO = 0x30;

export class JsonScanner {
  /** Path of the value being read, for errors; kept by the caller. */
  path = "";
  /** Raw contents of the last string read: bytes[textStart … textEnd). */
  textStart = 0;
  textEnd = 0;

  readonly bytes: Uint8Array;
  readonly length: number;
  /** Index of the next byte to read. */
  at = 0;

  constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes;
    this.length = length;
  }

  /** An error that names the current path and the place of byte `at`. */
  error(code: ErrorCode, what: string, at: number, remedy: string = remedyFor(code)): SubnetraError {
    let line = 1;
    let column = 1;
    for (let i = 0; i < at && i < this.length; i++) {
      column++;
      if (this.bytes[i] === 0x0a) {
        line++;
        column = 1;
      }
    }
    return subnetraError(code, this.path, `line ${line}, column ${column}: ${what}`, remedy);
  }

  syntax(what: string): SubnetraError {
    if (this.at >= this.length)
      return this.error("UnexpectedEndOfInput", "the document ends here", this.length);
    const known = knownMistake(this.bytes, this.length, this.at);
    if (known !== null) return this.error("SyntaxError", known[0], this.at, known[1]);
    return this.error("SyntaxError", what, this.at);
  }

  /** Checks that nothing but white space is left. */
  expectEnd(): void {
    this.skipSpace();
    if (this.at < this.length) throw this.syntax("something follows the document");
  }

  private skipSpace(): void {
    for (; this.at < this.length; this.at++) {
      const c = this.bytes[this.at];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
    }
  }

  /** First byte of the next token. @throws UnexpectedEndOfInput */
  peek(): number {
    this.skipSpace();
    if (this.at >= this.length) throw this.syntax("");
    return this.bytes[this.at]!;
  }

  isDigit(byte: number | undefined): boolean {
    return byte !== undefined && byte >= ZERO && byte <= 0x39;
  }

  skipScalar(first: number): void {
    if (first === QUOTE) this.scanString();
    else if (first === MINUS || this.isDigit(first)) this.scanNumber();
    else if (first === 0x74) this.literal("true");
    else if (first === 0x66) this.literal("false");
    else if (first === 0x6e) this.literal("null");
    else throw this.syntax("expected a value");
  }

  literal(word: string): void {
    for (let i = 0; i < word.length; i++, this.at++) {
      if (this.at >= this.length || this.bytes[this.at] !== word.charCodeAt(i)) {
        throw this.syntax("expected a value");
      }
    }
  }

  private scanDigits(): void {
    if (this.at >= this.length || !this.isDigit(this.bytes[this.at])) throw this.syntax("expected a digit");
    while (this.at < this.length && this.isDigit(this.bytes[this.at])) this.at++;
  }

  /** Steps over a number. True when it has neither fraction nor exponent. */
  scanNumber(): boolean {
    if (this.bytes[this.at] === MINUS) this.at++;
    if (this.at < this.length && this.bytes[this.at] === ZERO) {
      this.at++;
      if (this.at < this.length && this.isDigit(this.bytes[this.at])) throw this.syntax("leading zero");
    } else {
      this.scanDigits();
    }
    let plain = true;
    if (this.at < this.length && this.bytes[this.at] === DOT) {
      plain = false;
      this.at++;
      this.scanDigits();
    }
    if (this.at < this.length && (this.bytes[this.at]! | 0x20) === 0x65) {
      plain = false;
      this.at++;
      const sign = this.bytes[this.at];
      if (this.at < this.length && (sign === 0x2b || sign === MINUS)) this.at++;
      this.scanDigits();
    }
    return plain;
  }

  scanString(): void {
    this.textStart = ++this.at;
    for (;;) {
      if (this.at >= this.length) throw this.syntax("");
      const c = this.bytes[this.at]!;
      if (c === QUOTE) break;
      if (c < 0x20)
        throw this.syntax(
          c === 0x0a || c === 0x0d
            ? "the line ends inside of a string"
            : "a control character (such as a tab) in a string",
        );
      if (c === BACKSLASH) this.scanEscape();
      else if (c < 0x80) this.at++;
      else this.scanUtf8(c);
    }
    this.textEnd = this.at++;
  }

  private scanEscape(): void {
    const kind = this.byteAt(this.at + 1);
    if (kind !== LOWER_U) {
      if (!isLetterEscape(kind)) throw this.syntax("unknown escape");
      this.at += 2;
      return;
    }
    const unit = this.scanUnit();
    if (unit >= 0xdc00 && unit <= 0xdfff) throw this.syntax("surrogate without its pair");
    if (unit < 0xd800 || unit > 0xdbff) return;
    if (this.byteAt(this.at) !== BACKSLASH || this.byteAt(this.at + 1) !== LOWER_U) {
      throw this.syntax("surrogate without its pair");
    }
    const low = this.scanUnit();
    if (low < 0xdc00 || low > 0xdfff) throw this.syntax("surrogate without its pair");
  }

  /** Steps over \uXXXX and returns its value. */
  private scanUnit(): number {
    for (let i = 2; i < 6; i++) {
      if (hexDigit(this.byteAt(this.at + i)) < 0) throw this.syntax("expected four hexadecimal digits");
    }
    this.at += 6;
    return unitAt(this.bytes, this.at - 4);
  }

  private scanUtf8(lead: number): void {
    const length = leadLength(lead);
    if (length === 0) throw this.syntax("not UTF-8");
    for (let i = 1; i < length; i++) {
      const c = this.byteAt(this.at + i);
      if (!isContinuation(c) || (i === 1 && !validSecond(lead, c))) throw this.syntax("not UTF-8");
    }
    this.at += length;
  }

  private byteAt(at: number): number {
    if (at >= this.length) throw this.error("UnexpectedEndOfInput", "the document ends here", this.length);
    return this.bytes[at]!;
  }
}
