// Control work that may take long, done in pieces so that data traffic never waits for all of it.

/** One request's work. */
export interface Job {
  /** Does one piece. The reply when it was the last, else null. */
  step(): string | null;
  /** What to answer instead when no datagram holds the reply. */
  readonly tooLong: string;
}

/** A reply that is known already. */
export function answer(text: string): Job {
  return { step: () => text, tooLong: "" };
}
