// Hexadecimal text to and from engine memory.

import { hexDigit } from "../json/text.ts";

const DIGITS = "0123456789abcdef";

/** `length` bytes at `offset` as lower-case digits. */
export function toHex(u8: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = offset; i < offset + length; i++)
    text += DIGITS.charAt(u8[i]! >> 4) + DIGITS.charAt(u8[i]! & 15);
  return text;
}

/** Writes the bytes of a hexadecimal text to `offset`. Their number, or -1 when the text is not hexadecimal or has more than `limit` bytes. */
export function fromHex(text: string, u8: Uint8Array, offset: number, limit: number): number {
  if (text.length % 2 !== 0 || text.length > 2 * limit) return -1;
  for (let i = 0; i < text.length; i += 2) {
    const high = hexDigit(text.charCodeAt(i));
    const low = hexDigit(text.charCodeAt(i + 1));
    if (high < 0 || low < 0) return -1;
    u8[offset + i / 2] = (high << 4) | low;
  }
  return text.length / 2;
}
