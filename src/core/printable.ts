// Text of somebody else's on an operator's terminal.

import { sequenceLength } from "./utf8.ts";

const REPLACEMENT = "?";

/** Whether the `length` bytes at `i` are a control character: C0 except tab and newline, DEL, or C1, raw or in UTF-8. */
function isControl(text: string, i: number, length: number): boolean {
  const code = text.charCodeAt(i);
  if (length === 1) return (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0);
  return code === 0xc2 && text.charCodeAt(i + 1) < 0xa0;
}

/** A byte string with every control character but tab and newline replaced, so that it cannot drive a terminal. */
export function printable(text: string): string {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; ) {
    const length = text.charCodeAt(i) < 0x80 ? 1 : sequenceLength(text, i);
    if (isControl(text, i, length)) {
      parts.push(text.substring(start, i), REPLACEMENT);
      start = i + length;
    }
    i += length;
  }
  if (start === 0) return text;
  parts.push(text.substring(start));
  return parts.join("");
}

/** The same without line breaks and tabs: a path or a name inside of a line. */
export function oneLine(text: string): string {
  return printable(text.split("\n").join(REPLACEMENT).split("\t").join(REPLACEMENT));
}
