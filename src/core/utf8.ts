// UTF-8 at the byte level (RFC 3629 §3 and §4).

/** Bytes of the sequence a lead byte ≥ 0x80 starts, or 0 when it starts none. */
export function leadLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** False for the second bytes that would make an overlong form, a surrogate or a code point above U+10FFFF. */
export function validSecond(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second < 0xa0;
  if (lead === 0xf0) return second >= 0x90;
  return lead !== 0xf4 || second < 0x90;
}

/** Bytes of the byte string `text` from `i` on that form one UTF-8 sequence; 1 for a byte that is part of none. */
export function sequenceLength(text: string, i: number): number {
  const lead = text.charCodeAt(i);
  const length = leadLength(lead);
  if (length === 0 || i + length > text.length || !validSecond(lead, text.charCodeAt(i + 1))) return 1;
  for (let k = 1; k < length; k++) if (!isContinuation(text.charCodeAt(i + k))) return 1;
  return length;
}

/** Writes a code point at out[at]; the next free index, or -1 when it does not fit. */
export function writeUtf8(code: number, out: Uint8Array, at: number): number {
  const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (at + length > out.length) return -1;
  if (length === 1) {
    out[at] = code;
    return at + 1;
  }
  for (let i = length - 1; i > 0; i--) {
    out[at + i] = 0x80 | (code & 0x3f);
    code >>= 6;
  }
  out[at] = ((0xf00 >> length) & 0xff) | code;
  return at + length;
}
