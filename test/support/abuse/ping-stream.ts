// Pings that run beside something else, with the time of every single one.

import type { Lab } from "../../../lab/lab.ts";
import { parsePing } from "../../../lab/ping.ts";
import type { LabProcess } from "../../../lab/process.ts";

const REPLY = /icmp_seq=(\d+) .*time=([\d.]+) ms/g;
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

  private constructor(process: LabProcess) {
    this.process = process;
  }

  /** Starts to ping `target` from a namespace every `intervalMs` until stopped. */
  static start(lab: Lab, namespace: string, target: string, intervalMs: number): PingStream {
    // Line by line, so that a reply is seen when it comes and not when a buffer is full.
    const words = ["stdbuf", "-oL", "ping", "-n", "-i", String(intervalMs / 1000), "-W", "1", target];
    return new PingStream(lab.start(namespace, `ping ${target}`, words));
  }

  /** Waits for the first reply; returns when it was seen, on the clock of performance.now(). */
  async firstReply(timeoutMs: number): Promise<number> {
    await this.process.seen(FIRST, timeoutMs);
    return performance.now();
  }

  /** Ends the stream and tells what came of it. Pings sent in the last second without a reply yet count as lost. */
  async stop(): Promise<PingTimes> {
    await this.process.stop("SIGINT");
    const { sent, received, averageMs } = parsePing(this.process.output);
    const times = new Array<number>(sent).fill(Number.POSITIVE_INFINITY);
    for (const [, sequence, time] of this.process.stdout.matchAll(REPLY))
      times[Number(sequence) - 1] = Number(time);
    return { sent, received, loss: sent === 0 ? 1 : 1 - received / sent, times, averageMs };
  }
}
