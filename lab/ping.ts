// ICMP echo through the system's ping.

import type { Lab } from "./lab.ts";

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Average round trip in ms, NaN when nothing came back. */
  readonly averageMs: number;
  /** Middle round trip in ms, NaN when nothing came back. */
  readonly medianMs: number;
  readonly output: string;
}

export interface PingOptions {
  count: number;
  intervalSeconds?: number;
  /** ICMP payload bytes. */
  size?: number;
  /** Up to 16 bytes of payload, hex. */
  pattern?: string;
  /** Address to send from. */
  source?: string | undefined;
  /** Seconds to wait for a reply after the last request. */
  waitSeconds?: number;
}

/** The command line for a ping. */
export function pingCommand(target: string, options: PingOptions): string[] {
  const words = ["ping", "-n", "-c", String(options.count), "-W", String(options.waitSeconds ?? 2)];
  if (options.intervalSeconds !== undefined) words.push("-i", String(options.intervalSeconds));
  if (options.size !== undefined) words.push("-s", String(options.size));
  if (options.pattern !== undefined) words.push("-p", options.pattern);
  if (options.source !== undefined) words.push("-I", options.source);
  return [...words, target];
}

/** Reads what ping printed at its end. */
export function parsePing(output: string): PingResult {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  if (!counts) throw new Error(`ping said: ${output}`);
  const average = /= [\d.]+\/([\d.]+)\//.exec(output);
  const times = [...output.matchAll(/time=([\d.]+) ms/g)]
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b);
  return {
    sent: Number(counts[1]),
    received: Number(counts[2]),
    averageMs: average ? Number(average[1]) : Number.NaN,
    medianMs: times[times.length >> 1] ?? Number.NaN,
    output,
  };
}

/** Pings from a namespace and waits for the end. */
export function ping(lab: Lab, namespace: string, target: string, options: PingOptions): PingResult {
  const result = lab.exec(namespace, pingCommand(target, options));
  return parsePing(result.stdout + result.stderr);
}
