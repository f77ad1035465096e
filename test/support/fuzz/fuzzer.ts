// A coverage-guided fuzzer: inputs that reach something new are kept and changed further.

import { Prng } from "../../../src/platform/sim/prng.ts";
import { Coverage } from "./coverage.ts";
import { mutateInput } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Taking the coverage costs as much as many short inputs, so it is taken for many at once: more while nothing is new. */
const MIN_BATCH = 8;
const MAX_BATCH = 256;
/** An input that takes longer is a defect: the longest one may be 4 KiB. */
export const MAX_MS = 2000;

export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface Outcome {
  readonly runs: number;
  readonly features: number;
  /** Inputs that reached something new, in the order in which they were found. */
  readonly kept: readonly Uint8Array[];
  readonly finding: Finding | null;
}

export interface Limits {
  readonly runs?: number;
  readonly seconds?: number;
}

/** Runs one input. Throws when it shows a defect or takes too long. */
export function judge(target: Target, input: Uint8Array): Iterable<string> {
  const started = performance.now();
  const features = target.run(input);
  const took = performance.now() - started;
  if (took > MAX_MS) throw new Error(`took ${Math.round(took)} ms, more than ${MAX_MS}`);
  return features;
}

class Fuzzer {
  readonly features = new Set<string>();
  readonly pool: Uint8Array[] = [];
  readonly kept: Uint8Array[] = [];
  runs = 0;
  finding: Finding | null = null;
  private readonly target: Target;
  private readonly coverage: Coverage | null;

  constructor(target: Target) {
    this.target = target;
    this.coverage = target.covers === undefined ? null : new Coverage(target.covers);
  }

  close(): void {
    this.coverage?.close();
  }

  /** Feeds inputs; those with something new go to the pool. False when one showed a defect. */
  feed(inputs: readonly Uint8Array[], fresh: boolean): boolean {
    const seen: string[] = [];
    for (const input of inputs) {
      const features = this.one(input);
      if (features === null) return false;
      if (this.coverage === null) this.keepIfNew(input, features, fresh);
      else seen.push(...features);
    }
    if (this.coverage === null) return true;
    seen.push(...this.coverage.take());
    if (!seen.some((feature) => !this.features.has(feature))) return true;
    // Which one was it? Each alone. What only the sum of all had (counts add up) counts as seen from here on.
    for (const input of inputs) {
      const features = this.one(input);
      if (features === null) return false;
      this.keepIfNew(input, [...features, ...this.coverage.take()], fresh);
    }
    for (const feature of seen) this.features.add(feature);
    return true;
  }

  private one(input: Uint8Array): string[] | null {
    this.runs++;
    try {
      return [...judge(this.target, input)];
    } catch (error) {
      this.finding = { input, error };
      return null;
    }
  }

  private keepIfNew(input: Uint8Array, features: readonly string[], fresh: boolean): void {
    const before = this.features.size;
    for (const feature of features) this.features.add(feature);
    if (this.features.size === before) return;
    this.pool.push(input);
    if (fresh) this.kept.push(input);
  }
}

/**
 * Fuzzes until a defect is found or a limit is reached.
 *
 * @param corpus inputs to begin with, beside the target's seeds
 */
export function fuzz(target: Target, corpus: readonly Uint8Array[], seed: number, limits: Limits): Outcome {
  const random = new Prng(seed);
  const fuzzer = new Fuzzer(target);
  const end = performance.now() + (limits.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const goesOn = () => fuzzer.runs < (limits.runs ?? Number.POSITIVE_INFINITY) && performance.now() < end;
  const known = new Set(corpus.map((input) => Buffer.from(input).toString("latin1")));
  const news = target.seeds.filter((input) => !known.has(Buffer.from(input).toString("latin1")));
  let sound = [...corpus].every((input) => fuzzer.feed([input], false));
  sound &&= news.every((input) => fuzzer.feed([input], true));
  let batch = MIN_BATCH;
  while (sound && goesOn()) {
    const before = fuzzer.features.size;
    const inputs: Uint8Array[] = [];
    for (let i = 0; i < batch; i++) {
      // Later finds are deeper: half of the choices fall on the last quarter.
      const { pool } = fuzzer;
      const first = random.chance(0.5) ? Math.floor(pool.length * 0.75) : 0;
      const input = pool.length === 0 ? new Uint8Array(0) : pool[random.between(first, pool.length - 1)]!;
      const other = pool.length === 0 ? new Uint8Array(0) : random.pick(pool);
      inputs.push(mutateInput(random, input, other, target.words));
    }
    sound = fuzzer.feed(inputs, true);
    batch = fuzzer.features.size > before ? MIN_BATCH : Math.min(batch * 2, MAX_BATCH);
  }
  fuzzer.close();
  return { runs: fuzzer.runs, features: fuzzer.features.size, kept: fuzzer.kept, finding: fuzzer.finding };
}

/** A shorter input that still fails, found by leaving out stretches. */
export function shorten(target: Target, input: Uint8Array): Uint8Array {
  const fails = (candidate: Uint8Array): boolean => {
    try {
      for (const _ of judge(target, candidate));
      return false;
    } catch {
      return true;
    }
  };
  let best = input;
  for (let step = best.length >> 1; step >= 1; step >>= 1) {
    for (let at = 0; at + step <= best.length; ) {
      const candidate = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + step)]));
      if (fails(candidate)) best = candidate;
      else at += step;
    }
  }
  return best;
}
