// What the benchmarks have in common: their flags, their clock, their lines (tools.md §9 and §10).

import type { Arguments, Grammar } from "../../core/tools/arguments.ts";
import { ToolFailure } from "../../core/tools/arguments.ts";
import { MAX_PLAINTEXT } from "../../engine/abi.ts";
import { bestVariant } from "../../engine/load.ts";

const U32 = 4294967295;
const LABEL_WIDTH = 20;

export const BENCH_VALUES: Grammar["values"] = ["--size", "--iters"];

export interface BenchPlan {
  /** Bytes of plaintext. */
  readonly size: number;
  readonly iters: number;
}

/** @param least the smallest size. @throws ToolFailure */
export function readBenchPlan(args: Arguments, least: number): BenchPlan {
  const size = args.number("--size", 1400, U32, "--size must be an integer");
  const iters = args.number("--iters", 200000, U32, "--iters must be an integer");
  return { size: Math.min(MAX_PLAINTEXT, Math.max(least, size)), iters: Math.max(1, iters) };
}

/** The first line. */
export function benchHead(name: string, { size, iters }: BenchPlan): string {
  return `${name}: arch=${process.arch} optimize=wasm-${bestVariant()} size=${size}B iters=${iters}\n`;
}

/** Operations before the measured ones, while the compiler makes up its mind. */
export function warmUp(iters: number): number {
  return Math.min(iters, 2048);
}

/**
 * Nanoseconds per operation, once warmUp(iters) more have been made.
 *
 * @param batch operations per call of `run`
 * @param prepare what is done before each, outside of the measured time
 * @param run does at most so many operations
 */
export function nanoseconds(
  iters: number,
  batch: number,
  prepare: (count: number) => void,
  run: (count: number) => void,
): number {
  let total = 0n;
  let from = -warmUp(iters);
  while (from < iters) {
    const count = Math.min(batch, from < 0 ? -from : iters - from);
    prepare(count);
    const began = process.hrtime.bigint();
    run(count);
    if (from >= 0) total += process.hrtime.bigint() - began;
    from += count;
  }
  return Number(total) / iters;
}

/** `<label> <n> ops/sec, <n> MB/sec, <n> ns/op`; without a size no MB/sec. */
export function benchLine(label: string, ns: number, size = 0): string {
  const perSecond = 1e9 / ns;
  const bytes = size === 0 ? "" : ` ${((perSecond * size) / 1e6).toFixed(0)} MB/sec,`;
  return `  ${label.padEnd(LABEL_WIDTH)} ${perSecond.toFixed(0)} ops/sec,${bytes} ${ns.toFixed(0)} ns/op\n`;
}

/** Ends a benchmark whose subject does not do its work. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new ToolFailure(`${what}; nothing was measured`, "BenchFailed");
}
