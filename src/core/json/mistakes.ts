// What people write who take JSON for something else: the names of such mistakes, and their remedies. Looked at only
// once a document is known to be wrong.

const REMOVE_COMMENTS = "remove it; a note can be a field whose name begins with _";

/** What is wrong at byte `at`, and what to do; null when it is none of these. */
export function knownMistake(
  bytes: Uint8Array,
  length: number,
  at: number,
): readonly [string, string] | null {
  const c = bytes[at];
  const next = at + 1 < length ? bytes[at + 1] : 0;
  const third = at + 2 < length ? bytes[at + 2] : 0;
  if (at <= 1 && length > 1) {
    const first = bytes[0];
    const second = bytes[1];
    if (at === 0 && first === 0xef && second === 0xbb && third === 0xbf)
      return ["the file begins with a byte order mark", "save it as UTF-8 without a BOM"];
    if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || c === 0)
      return ["the file is UTF-16", "save it as UTF-8 without a BOM"];
  }
  if (c === 0x23 || (c === 0x2f && (next === 0x2f || next === 0x2a)))
    return ["JSON has no comments", REMOVE_COMMENTS];
  if (c === 0x27) return ["a string in single quotes", 'write it in "double quotes"'];
  if (c === 0xe2 && next === 0x80 && third! >= 0x98 && third! <= 0x9f)
    return ["a curly quotation mark", 'write the straight one: "'];
  if (c === 0xc2 && next === 0xa0) return ["a no-break space", "write a plain space"];
  if (c === 0x5d || c === 0x7d) return commaBefore(bytes, at);
  if (c === 0x54 || c === 0x46 || c === 0x4e) return ["a word in capitals", "write true, false or null"];
  return null;
}

function commaBefore(bytes: Uint8Array, at: number): readonly [string, string] | null {
  let i = at - 1;
  while (i >= 0 && (bytes[i] === 0x20 || bytes[i] === 0x09 || bytes[i] === 0x0a || bytes[i] === 0x0d)) i--;
  return bytes[i] === 0x2c ? ["a comma before the closing bracket", "remove that comma"] : null;
}
