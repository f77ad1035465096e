// Text of others (device names, peers' labels, paths) inside of replies and lines: it must end where its field ends
// and must not drive a terminal. All strings are byte strings.

import { sequenceLength } from "./utf8.ts";

const HEX = "0123456789abcdef";
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function hexByte(code: number): string {
  return HEX.charAt(code >> 4) + HEX.charAt(code & 15);
}

/** Whether the `length` bytes at `i` may stand as they are: a printable character, in UTF-8 above 0x7E. */
function isPrintable(text: string, i: number, length: number): boolean {
  const code = text.charCodeAt(i);
  if (length === 1) return code >= 0x20 && code < 0x7f;
  // U+0080 to U+009F are control characters too.
  return code !== 0xc2 || text.charCodeAt(i + 1) >= 0xa0;
}

/** Replaces what may not stand: quote and backslash get a backslash, any other byte `prefix` and two digits. */
function escapeWith(text: string, prefix: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    const length = code < 0x80 ? 1 : sequenceLength(text, i);
    const special = code === QUOTE || code === BACKSLASH;
    if (special || !isPrintable(text, i, length)) {
      parts.push(text.substring(start, i));
      if (special) parts.push("\\", text.charAt(i));
      else for (let k = 0; k < length; k++) parts.push(prefix, hexByte(text.charCodeAt(i + k)));
      start = i + length;
    }
    i += length;
  }
  if (start === 0) return text;
  parts.push(text.substring(start));
  return parts.join("");
}

/**
 * The inside of a JSON string. Control characters, and bytes that are not UTF-8, become \u00xx, one for each byte, so
 * that the document stays valid whatever the name holds.
 */
export function jsonText(text: string): string {
  return escapeWith(text, "\\u00");
}

/** jsonText of printable ASCII; what is plain costs no look at each character. */
export function jsonLabel(text: string): string {
  return text.indexOf('"') < 0 && text.indexOf("\\") < 0 ? text : jsonText(text);
}

/**
 * A value of a `key=value` line: as it is, or in quotes with \", \\ and \xNN where a space, an equals sign, a quote or
 * a control character could make it look like something else.
 */
export function fieldText(text: string): string {
  const escaped = escapeWith(text, "\\x");
  return escaped === text && text.indexOf(" ") < 0 && text.indexOf("=") < 0 ? text : `"${escaped}"`;
}
