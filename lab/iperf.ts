// TCP throughput through a tunnel, with iperf3.

import type { Lab } from "./lab.ts";

const GRACE_MS = 30000;

interface Report {
  end?: { sum_received?: { bits_per_second: number } };
  error?: string;
}

/** Starts a server that listens on an address in a namespace; it ends with the lab. */
export async function startIperfServer(lab: Lab, namespace: string, address: string): Promise<void> {
  const words = ["iperf3", "-s", "-B", address, "--forceflush"];
  await lab.start(namespace, "iperf3 server", words).seen(/Server listening/);
}

/** Bits per second that the far end received over `seconds` of one TCP connection. */
export function iperf(lab: Lab, namespace: string, address: string, seconds: number): number {
  const words = ["iperf3", "-c", address, "-t", String(seconds), "-J"];
  const result = lab.exec(namespace, words, seconds * 1000 + GRACE_MS);
  const report = JSON.parse(result.stdout || "{}") as Report;
  const rate = report.end?.sum_received?.bits_per_second;
  if (rate === undefined) throw new Error(`iperf3: ${report.error ?? result.stderr}`);
  return rate;
}
