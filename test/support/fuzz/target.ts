// What the fuzzer needs of a thing it feeds.

export interface Target {
  readonly name: string;
  /** Sources whose block coverage guides the fuzzer: a part of their URLs. Without it only features do. */
  readonly covers?: string;
  /** Inputs to begin with, beside the corpus. */
  readonly seeds: readonly Uint8Array[];
  /** Pieces that the mutations insert. */
  readonly words: readonly string[];
  /**
   * Feeds one input and judges what came of it.
   *
   * @returns what was seen, as features: an input with a new one is kept
   * @throws anything when the input shows a defect
   */
  run(input: Uint8Array): Iterable<string>;
}

/** Longest input that is made, in bytes. */
export const MAX_INPUT = 4096;

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
