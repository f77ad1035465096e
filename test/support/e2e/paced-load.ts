// The C program paced-load.c in a lab: a flow of numbered, time-stamped packets, and what came of it.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../../lab/lab.ts";
import { root } from "../../../lab/project.ts";
import { toolchains } from "../native/harness.ts";

const SOURCE = join(root, "test/support/e2e/paced-load.c");
const NOTE = 16;

export interface Arrival {
  readonly number: number;
  /** Microseconds from the sender's program to the receiver's kernel. */
  readonly latencyUs: number;
  /** Wall clock in ms. */
  readonly sentMs: number;
}

export interface FlowResult {
  readonly sent: number;
  /** Packets a second that the sender reached. */
  readonly rate: number;
  /** Packets at the receiver's port that the sender did not make. */
  readonly foreign: number;
  readonly arrivals: readonly Arrival[];
}

/** Builds the program with a compiler at hand. Its path; undefined where there is no compiler. */
export function buildPacedLoad(lab: Lab): string | undefined {
  const path = lab.path("load", "paced-load");
  for (const { command } of toolchains()) {
    const [compiler, ...flags] = command;
    const built = spawnSync(compiler!, [...flags, "-std=gnu11", "-o", path, SOURCE], { encoding: "utf8" });
    if (built.status === 0) return path;
  }
  return undefined;
}

export interface FlowOptions {
  readonly program: string;
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly port: number;
  /** Packets a second. */
  readonly rate: number;
  /** At most. */
  readonly seconds: number;
  /** Bytes of UDP payload. */
  readonly bytes: number;
}

/** Runs a flow while `work` does its work, and gives what arrived. */
export async function withFlow(
  lab: Lab,
  options: FlowOptions,
  work: () => Promise<void>,
): Promise<FlowResult> {
  const { program, address, rate, seconds, bytes } = options;
  const port = String(options.port);
  const notes = lab.path("load", `notes-${port}`);
  const receiver = lab.start(options.to, "receiver", [program, "receive", address, port, notes]);
  await receiver.seen(/listening/);
  const sender = lab.start(options.from, "sender", [
    program,
    ...["send", address, port, String(rate), String(seconds), String(bytes)],
  ]);
  await work();
  if (sender.exitCode !== undefined) throw new Error(`the flow of ${seconds} s ended before the work`);
  sender.signal("SIGTERM");
  const [, sent, ms] = (await sender.seen(/sent=(\d+) ms=(\d+)/)).map(Number);
  const [, received, foreign] = (await receiver.seen(/received=(\d+) foreign=(\d+)/)).map(Number);
  const bytesRead = readFileSync(notes);
  const arrivals: Arrival[] = [];
  for (let at = 0; at < received! * NOTE; at += NOTE) {
    arrivals.push({
      number: bytesRead.readUInt32LE(at),
      latencyUs: bytesRead.readUInt32LE(at + 4),
      sentMs: Number(bytesRead.readBigUInt64LE(at + 8)) / 1e6,
    });
  }
  return { sent: sent!, rate: Math.round((1000 * sent!) / ms!), foreign: foreign!, arrivals };
}

/** The value that the given share of all values do not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
