// Pings that run beside something else, with the time of every single one.

import type { Lab } from "../../../lab/lab.ts";
import { parsePing } from "../../../lab/ping.ts";
import type { LabProcess } from "../../../lab/process.ts";

const REPLY = /icmp_seq=(\d+) .*time=([\d.]+) ms/g;
const IN_FLIGHT_MS = 100;
const FIRST = /icmp_seq=\d+ .*time=/;

export interface PingTimes {
  readonly sent: number;
  readonly received: number;
  /** Share of the pings without a reply. */
  readonly loss: number;
  /** Round trips in ms in the order of the pings; a lost one counts as infinitely late. */
  readonly times: readonly number[];
  readonly averageMs: number;
}

/** The value below which this share of the values lies; 1 is the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export class PingStream {
  private readonly process: LabProcess;
  /** Pings that may be on their way when the stream ends. */
  private readonly inFlight: number;

  private constructor(process: LabProcess, intervalMs: number) {
    this.process = process;
    this.inFlight = Math.ceil(IN_FLIGHT_MS / intervalMs);
  }

  /** Starts to ping `target` from a namespace every `intervalMs` until stopped. */
  static start(lab: Lab, namespace: string, target: string, intervalMs: number): PingStream {
    // Line by line, so that a reply is seen when it comes and not when a buffer is full.
    const words = ["stdbuf", "-oL", "ping", "-n", "-i", String(intervalMs / 1000), "-W", "1", target];
    return new PingStream(lab.start(namespace, `ping ${target}`, words), intervalMs);
  }

  /** Waits for the first reply; returns when it was seen, on the clock of performance.now(). */
  async firstReply(timeoutMs: number): Promise<number> {
    await this.process.seen(FIRST, timeoutMs);
    return performance.now();
  }

  /** Ends the stream and tells what came of it. Pings sent in the last moment without a reply yet are left out. */
  async stop(): Promise<PingTimes> {
    await this.process.stop("SIGINT");
    const { sent: all, received, averageMs } = parsePing(this.process.output);
    const times = new Array<number>(all).fill(Number.POSITIVE_INFINITY);
    for (const [, sequence, time] of this.process.stdout.matchAll(REPLY))
      times[Number(sequence) - 1] = Number(time);
    for (let i = 0; i < this.inFlight && times.at(-1) === Number.POSITIVE_INFINITY; i++) times.pop();
    const sent = times.length;
    return { sent, received, loss: sent === 0 ? 1 : 1 - received / sent, times, averageMs };
  }
}
