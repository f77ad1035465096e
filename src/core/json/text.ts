// The inside of JSON strings: escapes and hexadecimal digits.

import { writeUtf8 } from "../utf8.ts";

const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** Escapes of one letter and what they stand for. */
const ESCAPES = '"\\/bfnrt';
const ESCAPED = '"\\/\b\f\n\r\t';

/** True for the letter of a two-character escape. */
export function isLetterEscape(byte: number): boolean {
  return ESCAPES.indexOf(String.fromCharCode(byte)) >= 0;
}

/** Value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Value of the four hexadecimal digits at `at`. */
export function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = 0; i < 4; i++) unit = unit * 16 + hexDigit(bytes[at + i]!);
  return unit;
}

/** Writes bytes[start … end), a checked string, to `out` with its escapes resolved. Bytes written, or -1 when full. */
export function decodeRaw(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; ) {
    let code = bytes[i++]!;
    if (code === BACKSLASH) {
      code = bytes[i++]!;
      if (code !== LOWER_U) {
        code = ESCAPED.charCodeAt(ESCAPES.indexOf(String.fromCharCode(code)));
      } else {
        code = unitAt(bytes, i);
        i += 4;
        if (code >= 0xd800 && code <= 0xdbff) {
          code = 0x10000 + (code - 0xd800) * 0x400 + (unitAt(bytes, i + 2) - 0xdc00);
          i += 6;
        }
        length = writeUtf8(code, out, length);
        if (length < 0) return -1;
        continue;
      }
    }
    if (length >= out.length) return -1;
    out[length++] = code;
  }
  return length;
}
