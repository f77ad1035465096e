// Every random test draws from one seed, and every failure says how to repeat it.

import { randomInt } from "node:crypto";
import { test } from "node:test";
import { Prng } from "../../src/platform/sim/prng.ts";

/** Fixed by SUBNETRA_SEED (decimal, 0 … 2^32 - 1), else new for each run. */
export function chooseSeed(): number {
  const fixed = process.env.SUBNETRA_SEED;
  if (fixed === undefined || fixed === "") return randomInt(2 ** 32 - 1);
  const seed = Number(fixed);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`SUBNETRA_SEED must be a number from 0 to 4294967295, not ${fixed}`);
  return seed;
}

/** Registers a test whose body draws everything from a seed. */
export function seededTest(name: string, body: (random: Prng, seed: number) => void): void {
  test(name, () => {
    const seed = chooseSeed();
    try {
      body(new Prng(seed), seed);
    } catch (error) {
      const script = process.argv[1] ?? "";
      console.error(`"${name}" failed; repeat with: SUBNETRA_SEED=${seed} node --test ${script}`);
      throw error;
    }
  });
}
