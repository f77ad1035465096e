// The little of Sys that judging configurations takes: standard input, output, the clock, chance.

import type { Sys } from "../../../src/core/sys.ts";
import { STDOUT } from "../../../src/core/sys.ts";
import type { Engine } from "../../../src/engine/exports.ts";

/** The clock of judged documents: any time after 2024 will do. */
const SECONDS = 1767225600n;

class PartialSys {
  readonly os = "linux";
  readonly sockaddrFamily = 2;
  readonly bigEndian = false;
  readonly printed: string[] = [];
  private readonly engine: Engine;
  private readonly input: Buffer;
  private at = 0;

  constructor(engine: Engine, input: Buffer) {
    this.engine = engine;
    this.input = input;
  }

  env(): undefined {
    return undefined;
  }

  print(stream: number, text: string): void {
    if (stream !== STDOUT) throw new Error(`unexpected error output: ${text}`);
    this.printed.push(text);
  }

  clock(offset: number): void {
    const view = new DataView(this.engine.u8.buffer, offset, 32);
    view.setBigUint64(0, SECONDS, true);
    view.setBigUint64(8, 0n, true);
  }

  random(offset: number, length: number): number {
    this.engine.u8.fill(7, offset, offset + length);
    return 0;
  }

  read(_fd: number, offset: number, length: number): number {
    const count = Math.min(length, this.input.length - this.at);
    this.engine.u8.set(this.input.subarray(this.at, this.at + count), offset);
    this.at += count;
    return count;
  }
}

/** A Sys whose other functions do not exist: calling one fails the test. */
export const MemorySys = PartialSys as unknown as new (
  engine: Engine,
  input: Buffer,
) => Sys & { readonly printed: string[] };
