// A strict JSON reader over bytes (RFC 8259), for one pass and without recursion. Text becomes a JavaScript string
// only when asked for, so key material can be read without ever being one.

import { readText } from "../memory.ts";
import { JsonScanner, MINUS, QUOTE, ZERO } from "./scanner.ts";
import { decodeRaw } from "./text.ts";

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Longer strings are cut here: no field accepts one this long. */
const TEXT_LIMIT = 4096;
/** Longer field names cannot be known ones. */
const NAME_LIMIT = 32;
/** Bytes for the levels of a value that is stepped over, at first: eight levels each. */
const FIRST_LEVELS = 8;

export class JsonReader {
  /** The document's tokens; the caller keeps their `path` up to date. */
  readonly tokens: JsonScanner;
  /** Name of the field nextField stopped at, as a byte string; "" for names too long to be known. */
  field = "";

  /** True between an opening bracket and the first item. */
  private fresh = false;
  private readonly text = new Uint8Array(TEXT_LIMIT);

  constructor(bytes: Uint8Array, length: number) {
    this.tokens = new JsonScanner(bytes, length);
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

  /** The whole of the name nextField has just read, however long. Only before its value is read. */
  fieldName(): string {
    const length = this.decodeText(this.text);
    return this.asString(length < 0 ? TEXT_LIMIT : length);
  }

  /** Moves to the next element; false at the end of the array. */
  nextElement(): boolean {
    return this.nextItem(CLOSE_ARRAY);
  }

  /** Steps over a null. False, and nothing read, when the value is something else. */
  readNull(): boolean {
    if (this.tokens.peek() !== 0x6e) return false;
    this.tokens.literal("null");
    return true;
  }

  readBoolean(): boolean {
    const first = this.tokens.peek();
    if (first !== 0x74 && first !== 0x66) this.wrongType("true or false");
    this.tokens.literal(first === 0x74 ? "true" : "false");
    return first === 0x74;
  }

  /** An integer 0 … max written in plain digits. @throws Overflow outside, InvalidNumber for fractions and exponents */
  readUnsigned(max: number): number {
    const { tokens } = this;
    const first = tokens.peek();
    if (first !== MINUS && !tokens.isDigit(first)) this.wrongType(`an integer from 0 to ${max}`);
    const start = tokens.at;
    const plain = tokens.scanNumber();
    if (!plain || (first === MINUS && tokens.bytes[start + 1] === ZERO)) {
      throw tokens.error("InvalidNumber", "the number is not written in plain digits", start);
    }
    let value = 0;
    for (let i = start; i < tokens.at && value <= max; i++) value = value * 10 + (tokens.bytes[i]! - ZERO);
    if (first === MINUS || value > max) {
      throw tokens.error(
        "Overflow",
        "the number is out of range",
        start,
        `write an integer from 0 to ${max}`,
      );
    }
    return value;
  }

  /** Steps over a string and leaves its place in the tokens' textStart and textEnd. */
  readRaw(): void {
    if (this.tokens.peek() !== QUOTE) this.wrongType("a string");
    this.tokens.scanString();
  }

  /** A string as a byte string (UTF-8), cut after 4096 bytes. */
  readString(): string {
    this.readRaw();
    const length = this.decodeText(this.text);
    return this.asString(length < 0 ? TEXT_LIMIT : length);
  }

  /** Decodes the last string's bytes (UTF-8) into `out`. Their number, or -1 when they do not fit. */
  decodeText(out: Uint8Array): number {
    return decodeRaw(this.tokens.bytes, this.tokens.textStart, this.tokens.textEnd, out);
  }

  /** Steps over any value, checking it as strictly as a known one. */
  skipValue(): void {
    // One bit per level, set for an object. It grows with the depth: the document may hold many small values.
    let levels: Uint8Array | null = null;
    let depth = 0;
    for (;;) {
      const first = this.tokens.peek();
      if (first === OPEN_ARRAY || first === OPEN_OBJECT) {
        if (levels === null) levels = new Uint8Array(FIRST_LEVELS);
        if (depth >> 3 === levels.length) levels = doubled(levels);
        this.tokens.at++;
        this.fresh = true;
        setBit(levels, depth++, first === OPEN_OBJECT);
      } else {
        this.tokens.skipScalar(first);
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
    this.tokens.expectEnd();
  }

  private wrongType(wanted: string): never {
    const start = this.tokens.at;
    const first = this.tokens.peek();
    if (first !== OPEN_ARRAY && first !== OPEN_OBJECT) this.tokens.skipScalar(first);
    throw this.tokens.error("UnexpectedToken", "the value has the wrong type", start, `write ${wanted}`);
  }

  private begin(bracket: number, wanted: string): void {
    if (this.tokens.peek() !== bracket) this.wrongType(wanted);
    this.tokens.at++;
    this.fresh = true;
  }

  /** Steps over the separator before the next item, or over the closing bracket. */
  private nextItem(closing: number): boolean {
    const next = this.tokens.peek();
    const first = this.fresh;
    this.fresh = false;
    if (next === closing) {
      this.tokens.at++;
      return false;
    }
    if (first) return true;
    if (next !== COMMA) {
      const what = next === QUOTE || next === OPEN_OBJECT ? "a comma is missing before this" : "";
      throw this.tokens.syntax(what || `expected "," or "${String.fromCharCode(closing)}"`);
    }
    this.tokens.at++;
    return true;
  }

  private readName(): void {
    if (this.tokens.peek() !== QUOTE) throw this.tokens.syntax("expected a field name in double quotes");
    this.tokens.scanString();
    if (this.tokens.peek() !== COLON) throw this.tokens.syntax('expected ":"');
    this.tokens.at++;
  }

  private asString(length: number): string {
    return readText(this.text, 0, length);
  }
}

function doubled(bits: Uint8Array): Uint8Array {
  const larger = new Uint8Array(bits.length * 2);
  larger.set(bits);
  return larger;
}

function setBit(bits: Uint8Array, index: number, value: boolean): void {
  const mask = 1 << (index & 7);
  if (value) bits[index >> 3]! |= mask;
  else bits[index >> 3]! &= ~mask;
}

function getBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
}
