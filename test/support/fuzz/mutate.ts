// Mutations of byte strings.

import type { Prng } from "../../../src/platform/sim/prng.ts";
import { bytesOf, MAX_INPUT } from "./target.ts";

/** Bytes at which readers of numbers and text turn. */
const EDGES = [0, 1, 9, 10, 13, 32, 34, 48, 57, 92, 127, 128, 255];

function splice(input: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + removed)]));
}

function once(random: Prng, input: Uint8Array, other: Uint8Array, words: readonly string[]): Uint8Array {
  const at = random.below(input.length + 1);
  const length = random.below(1 + Math.min(input.length - at, random.chance(0.8) ? 8 : 256));
  switch (random.below(9)) {
    case 0:
    case 1: {
      if (input.length === 0) return random.bytes(random.between(1, 16));
      const out = input.slice();
      const place = random.below(out.length);
      if (random.chance(0.5)) out[place]! ^= 1 << random.below(8);
      else out[place] = random.pick(EDGES);
      return out;
    }
    case 2:
      return splice(input, at, length, new Uint8Array(0));
    case 3:
      return splice(input, at, 0, random.bytes(random.between(1, 8)));
    case 4:
    case 5:
      if (words.length === 0) return splice(input, at, length, random.bytes(length));
      return splice(input, at, random.chance(0.5) ? length : 0, bytesOf(random.pick(words)));
    case 6: {
      const from = random.below(other.length + 1);
      return splice(input, at, length, other.subarray(from, from + random.below(64)));
    }
    case 7: {
      // A stretch again, several times: nesting and lists.
      const part = input.subarray(at, at + Math.max(1, length));
      return splice(input, at, 0, new Uint8Array(Buffer.concat(Array(random.between(1, 8)).fill(part))));
    }
    default:
      return splice(input, at, input.length - at, other.subarray(random.below(other.length + 1)));
  }
}

/** One to a few changes of `input`, some with parts of `other`. */
export function mutateInput(
  random: Prng,
  input: Uint8Array,
  other: Uint8Array,
  words: readonly string[],
): Uint8Array {
  let out = input;
  do out = once(random, out, other, words);
  while (random.chance(0.6));
  return out.length > MAX_INPUT ? out.slice(0, MAX_INPUT) : out;
}
