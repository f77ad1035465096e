// What TCP and ping see of a contender's star.

import { ping } from "../lab/ping.ts";
import { cpuSecondsOf, residentKbOf } from "../lab/proc.ts";
import type { LabProcess } from "../lab/process.ts";
import { B_OVERLAY, HUB_OVERLAY } from "../lab/star.ts";
import type { Contender } from "./contender.ts";
import { seconds } from "./knobs.ts";

const PINGS = 50;
const PING_INTERVAL_S = 0.02;

export interface TcpFigures {
  /** Bits per second from A to the hub, and from A through the hub to B. */
  readonly tunnel: number;
  readonly relay: number;
  /** Share of one core the hub used while it relayed. */
  readonly relayCpuShare: number;
  /** Round trip from A to B, ms. */
  readonly pingMs: number;
  readonly residentKb: number;
}

interface Report {
  end?: { sum_received?: { bits_per_second: number } };
  error?: string;
}

const servers = new WeakMap<Contender, LabProcess[]>();

async function startServers(contender: Contender): Promise<void> {
  const started: LabProcess[] = [];
  for (const [namespace, address] of [
    ["hub", HUB_OVERLAY],
    ["b", B_OVERLAY],
  ] as const) {
    const server = contender.lab.start(namespace, "iperf3 server", [
      "iperf3",
      "-s",
      "-B",
      address,
      "--forceflush",
    ]);
    await server.seen(/Server listening/);
    started.push(server);
  }
  servers.set(contender, started);
}

function throughput(contender: Contender, address: string): number {
  const words = ["iperf3", "-c", address, "-t", String(seconds), "-J"];
  const result = contender.lab.exec("a", words, (seconds + 30) * 1000);
  const report = JSON.parse(result.stdout) as Report;
  const rate = report.end?.sum_received?.bits_per_second;
  if (rate === undefined) throw new Error(`${contender.name}: iperf3: ${report.error ?? result.stderr}`);
  return rate;
}

/** One round of measurements. */
export async function measureTcp(contender: Contender): Promise<TcpFigures> {
  if (!servers.has(contender)) await startServers(contender);
  const pingMs = ping(contender.lab, "a", B_OVERLAY, {
    count: PINGS,
    intervalSeconds: PING_INTERVAL_S,
  }).averageMs;
  const tunnel = throughput(contender, HUB_OVERLAY);
  const cpu = cpuSecondsOf(contender.hubPid);
  const started = performance.now();
  const relay = throughput(contender, B_OVERLAY);
  const elapsed = (performance.now() - started) / 1000;
  const relayCpuShare = (cpuSecondsOf(contender.hubPid) - cpu) / elapsed;
  return { tunnel, relay, relayCpuShare, pingMs, residentKb: residentKbOf(contender.hubPid) };
}
