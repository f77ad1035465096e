// The one error type of the program. Its codes are the stable names that the command line, the documentation and
// the tests share; error-codes.ts says what each means.

import { type ErrorCode, remedyFor } from "./error-codes.ts";
import { oneLine } from "./printable.ts";

/**
 * A failure the operator can act on. A decorated Error and not a subclass, because subclasses of Error lose their
 * prototype when lowered to ES5; recognise one with isSubnetraError.
 */
export interface SubnetraError extends Error {
  readonly code: ErrorCode;
  /** JSON path such as `peers[2].allowed_src`, or "" when the failure has no place in the document. */
  readonly path: string;
  /** What is wrong, without key material. */
  readonly detail: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Makes an error; without `remedy` it takes the general one of its code. */
export function subnetraError(
  code: ErrorCode,
  path: string,
  detail: string,
  remedy: string = remedyFor(code),
): SubnetraError {
  const error = new Error(path === "" ? `${code}: ${detail}` : `${code} at ${path}: ${detail}`);
  error.name = "SubnetraError";
  const fields = error as { -readonly [K in keyof SubnetraError]: SubnetraError[K] };
  fields.code = code;
  fields.path = path;
  fields.detail = detail;
  fields.remedy = remedy;
  return fields;
}

/** True for what subnetraError made. */
export function isSubnetraError(error: unknown): error is SubnetraError {
  return error instanceof Error && error.name === "SubnetraError";
}

/** The explaining second line: `  at <path>: <detail>; <remedy>` and a newline. */
export function explain(error: SubnetraError): string {
  const place = error.path === "" ? "" : `at ${error.path}: `;
  return `  ${place}${error.detail}; ${error.remedy}\n`;
}

const QUOTE_LIMIT = 64;
/** A run of hexadecimal digits this long may be part of a key put into the wrong field. */
const SECRET_LIKE_DIGITS = 16;

/** (A loop, because the tiny build has no regular expressions.) */
function looksSecret(text: string): boolean {
  let run = 0;
  for (let i = 0; i < text.length && run < SECRET_LIKE_DIGITS; i++) {
    run = "0123456789abcdefABCDEF".indexOf(text.charAt(i)) >= 0 ? run + 1 : 0;
  }
  return run >= SECRET_LIKE_DIGITS;
}

/** Quotes operator input for an error line: short, without control characters, never something like a key. */
export function quoted(text: string): string {
  if (looksSecret(text)) return "the value (not shown, it may hold key material)";
  return text.length > QUOTE_LIMIT ? `"${oneLine(text.substring(0, QUOTE_LIMIT))}..."` : `"${oneLine(text)}"`;
}
