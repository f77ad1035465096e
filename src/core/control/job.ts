// Control work that may take long, done in pieces so that data traffic never waits for all of it.

import type { ErrorCode } from "../error-codes.ts";

/** One request's work. */
export interface Job {
  /** Does one piece. The reply when it was the last, else null. */
  step(): string | null;
  /** What to answer instead when no datagram holds the reply. */
  readonly tooLong: string;
}

/** A reply that says why something was not done, by a name of the table of codes. */
export function refusal(code: ErrorCode, text: string): string {
  return `error ${code} ${text}\n`;
}

/** A reply that is known already. */
export function answer(text: string): Job {
  return { step: () => text, tooLong: "" };
}
