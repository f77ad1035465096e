// A strict JSON reader over bytes (RFC 8259), for one pass and without recursion. Text becomes a JavaScript string
// only when asked for, so key material can be read without ever being one.

import { type ErrorCode, remedyFor } from "./error-codes.ts";
import { type SubnetraError, subnetraError } from "./errors.ts";
import { decodeRaw, hexDigit, isLetterEscape, unitAt } from "./json-text.ts";
import { isContinuation, leadLength, validSecond } from "./utf8.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LOWER_U = 0x75;

/** Longer strings are cut here: no field accepts one this long. */
const TEXT_LIMIT = 4096;
/** Longer field names cannot be known ones. */
const NAME_LIMIT = 32;

export class JsonReader {
  /** Path of the value being read, for errors; kept by the caller. */
  path = "";
  /** Name of the field nextField stopped at, as a byte string; "" for names too long to be known. */
  field = "";
  /** Raw contents of the last string read: bytes[textStart … textEnd). */
  textStart = 0;
  textEnd = 0;

  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at = 0;
  /** True between an opening bracket and the first item. */
  private fresh = false;
  private readonly text = new Uint8Array(TEXT_LIMIT);

  constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes;
    this.end = length;
  }

  /** Enters an object. @throws UnexpectedToken when the value is something else */
  beginObject(): void {
    this.begin(OPEN_OBJECT, "an object");
  }

  /** Enters an array. @throws UnexpectedToken when the value is something else */
  beginArray(): void {
    this.begin(OPEN_ARRAY, "an array");
  }

  /** Moves to the next field's value and sets `field`; false at the end of the object. */
  nextField(): boolean {
    if (!this.nextItem(CLOSE_OBJECT)) return false;
    this.readName();
    const length = this.decodeText(this.text.subarray(0, NAME_LIMIT));
    this.field = length < 0 ? "" : this.asString(length);
    return true;
  }

  /** Moves to the next element; false at the end of the array. */
  nextElement(): boolean {
    return this.nextItem(CLOSE_ARRAY);
  }

  /** Steps over a null. False, and nothing read, when the value is something else. */
  readNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.literal("null");
    return true;
  }

  readBoolean(): boolean {
    const first = this.peek();
    if (first !== 0x74 && first !== 0x66) this.wrongType("true or false");
    this.literal(first === 0x74 ? "true" : "false");
    return first === 0x74;
  }

  /** An integer 0 … max written in plain digits. @throws Overflow outside, InvalidNumber for fractions and exponents */
  readUnsigned(max: number): number {
    const first = this.peek();
    if (first !== MINUS && !this.isDigit(first)) this.wrongType(`an integer from 0 to ${max}`);
    const start = this.at;
    const plain = this.scanNumber();
    if (!plain || (first === MINUS && this.bytes[start + 1] === ZERO)) {
      throw this.error("InvalidNumber", "the number is not written in plain digits", start);
    }
    let value = 0;
    for (let i = start; i < this.at && value <= max; i++) value = value * 10 + (this.bytes[i]! - ZERO);
    if (first === MINUS || value > max) {
      throw this.error("Overflow", "the number is out of range", start, `write an integer from 0 to ${max}`);
    }
    return value;
  }

  /** Steps over a string and leaves its place in textStart and textEnd. */
  readRaw(): void {
    if (this.peek() !== QUOTE) this.wrongType("a string");
    this.scanString();
  }

  /** A string as a byte string (UTF-8), cut after 4096 bytes. */
  readString(): string {
    this.readRaw();
    const length = this.decodeText(this.text);
    return this.asString(length < 0 ? TEXT_LIMIT : length);
  }

  /** Decodes the last string's bytes (UTF-8) into `out`. Their number, or -1 when they do not fit. */
  decodeText(out: Uint8Array): number {
    return decodeRaw(this.bytes, this.textStart, this.textEnd, out);
  }

  /** Steps over any value, checking it as strictly as a known one. */
  skipValue(): void {
    // One bit per level: set for an object.
    let levels: Uint8Array | null = null;
    let depth = 0;
    for (;;) {
      const first = this.peek();
      if (first === OPEN_ARRAY || first === OPEN_OBJECT) {
        if (levels === null) levels = new Uint8Array((this.end >> 3) + 1);
        this.at++;
        this.fresh = true;
        setBit(levels, depth++, first === OPEN_OBJECT);
      } else {
        this.skipScalar(first);
      }
      for (;;) {
        if (depth === 0) return;
        const inObject = getBit(levels!, depth - 1);
        if (this.nextItem(inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          if (inObject) this.readName();
          break;
        }
        depth--;
      }
    }
  }

  /** Checks that nothing but white space follows. */
  endDocument(): void {
    this.skipSpace();
    if (this.at < this.end) throw this.error("SyntaxError", "something follows the document", this.at);
  }

  /** An error that names the current path and the place of byte `at`. */
  private error(code: ErrorCode, what: string, at: number, remedy: string = remedyFor(code)): SubnetraError {
    let line = 1;
    let column = 1;
    for (let i = 0; i < at && i < this.end; i++) {
      column++;
      if (this.bytes[i] === 0x0a) {
        line++;
        column = 1;
      }
    }
    return subnetraError(code, this.path, `line ${line}, column ${column}: ${what}`, remedy);
  }

  private syntax(what: string): SubnetraError {
    if (this.at >= this.end) return this.error("UnexpectedEndOfInput", "the document ends here", this.end);
    return this.error("SyntaxError", what, this.at);
  }

  private wrongType(wanted: string): never {
    const start = this.at;
    const first = this.peek();
    if (first !== OPEN_ARRAY && first !== OPEN_OBJECT) this.skipScalar(first);
    throw this.error("UnexpectedToken", "the value has the wrong type", start, `write ${wanted}`);
  }

  private begin(bracket: number, wanted: string): void {
    if (this.peek() !== bracket) this.wrongType(wanted);
    this.at++;
    this.fresh = true;
  }

  /** Steps over the separator before the next item, or over the closing bracket. */
  private nextItem(closing: number): boolean {
    const next = this.peek();
    const first = this.fresh;
    this.fresh = false;
    if (next === closing) {
      this.at++;
      return false;
    }
    if (first) return true;
    if (next !== COMMA) {
      throw this.syntax(`expected "," or "${String.fromCharCode(closing)}"`);
    }
    this.at++;
    return true;
  }

  private readName(): void {
    if (this.peek() !== QUOTE) throw this.syntax("expected a field name in double quotes");
    this.scanString();
    if (this.peek() !== COLON) throw this.syntax('expected ":"');
    this.at++;
  }

  private skipSpace(): void {
    for (; this.at < this.end; this.at++) {
      const c = this.bytes[this.at];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
    }
  }

  /** First byte of the next token. @throws UnexpectedEndOfInput */
  private peek(): number {
    this.skipSpace();
    if (this.at >= this.end) throw this.syntax("");
    return this.bytes[this.at]!;
  }

  private isDigit(byte: number | undefined): boolean {
    return byte !== undefined && byte >= ZERO && byte <= 0x39;
  }

  private skipScalar(first: number): void {
    if (first === QUOTE) this.scanString();
    else if (first === MINUS || this.isDigit(first)) this.scanNumber();
    else if (first === 0x74) this.literal("true");
    else if (first === 0x66) this.literal("false");
    else if (first === 0x6e) this.literal("null");
    else throw this.syntax("expected a value");
  }

  private literal(word: string): void {
    for (let i = 0; i < word.length; i++, this.at++) {
      if (this.at >= this.end || this.bytes[this.at] !== word.charCodeAt(i)) {
        throw this.syntax("expected a value");
      }
    }
  }

  private scanDigits(): void {
    if (this.at >= this.end || !this.isDigit(this.bytes[this.at])) throw this.syntax("expected a digit");
    while (this.at < this.end && this.isDigit(this.bytes[this.at])) this.at++;
  }

  /** Steps over a number. True when it has neither fraction nor exponent. */
  private scanNumber(): boolean {
    if (this.bytes[this.at] === MINUS) this.at++;
    if (this.at < this.end && this.bytes[this.at] === ZERO) {
      this.at++;
      if (this.at < this.end && this.isDigit(this.bytes[this.at])) throw this.syntax("leading zero");
    } else {
      this.scanDigits();
    }
    let plain = true;
    if (this.at < this.end && this.bytes[this.at] === DOT) {
      plain = false;
      this.at++;
      this.scanDigits();
    }
    if (this.at < this.end && (this.bytes[this.at]! | 0x20) === 0x65) {
      plain = false;
      this.at++;
      const sign = this.bytes[this.at];
      if (this.at < this.end && (sign === 0x2b || sign === MINUS)) this.at++;
      this.scanDigits();
    }
    return plain;
  }

  private scanString(): void {
    this.textStart = ++this.at;
    for (;;) {
      if (this.at >= this.end) throw this.syntax("");
      const c = this.bytes[this.at]!;
      if (c === QUOTE) break;
      if (c < 0x20) throw this.syntax("control character in a string");
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
    if (at >= this.end) throw this.error("UnexpectedEndOfInput", "the document ends here", this.end);
    return this.bytes[at]!;
  }

  private asString(length: number): string {
    let out = "";
    for (let i = 0; i < length; i++) out += String.fromCharCode(this.text[i]!);
    return out;
  }
}

function setBit(bits: Uint8Array, index: number, value: boolean): void {
  const mask = 1 << (index & 7);
  if (value) bits[index >> 3]! |= mask;
  else bits[index >> 3]! &= ~mask;
}

function getBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
}
