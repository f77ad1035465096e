// What TCP and ping see of a contender's star.

import { iperf, startIperfServer } from "../lab/iperf.ts";
import { ping } from "../lab/ping.ts";
import { cpuSecondsOf, residentKbOf } from "../lab/proc.ts";
import { B_OVERLAY, HUB_OVERLAY } from "../lab/star.ts";
import type { Contender } from "./contender.ts";
import { seconds } from "./knobs.ts";

const PINGS = 100;
const PING_INTERVAL_S = 0.01;

export interface TcpFigures {
  /** Bits per second from A to the hub, and from A through the hub to B. */
  readonly tunnel: number;
  readonly relay: number;
  /** Share of one core the hub used while it relayed. */
  readonly relayCpuShare: number;
  /** Round trip from A to B, ms: the average and the middle one. */
  readonly pingMs: number;
  readonly pingMedianMs: number;
  readonly residentKb: number;
}

const served = new WeakSet<Contender>();

async function startServers({ lab }: Contender): Promise<void> {
  await startIperfServer(lab, "hub", HUB_OVERLAY);
  await startIperfServer(lab, "b", B_OVERLAY);
}

function throughput({ name, lab }: Contender, address: string): number {
  try {
    return iperf(lab, "a", address, seconds);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** One round of measurements. */
export async function measureTcp(contender: Contender): Promise<TcpFigures> {
  if (!served.has(contender)) await startServers(contender);
  served.add(contender);
  const { averageMs: pingMs, medianMs: pingMedianMs } = ping(contender.lab, "a", B_OVERLAY, {
    count: PINGS,
    intervalSeconds: PING_INTERVAL_S,
  });
  const tunnel = throughput(contender, HUB_OVERLAY);
  const cpu = cpuSecondsOf(contender.hubPid);
  const started = performance.now();
  const relay = throughput(contender, B_OVERLAY);
  const elapsed = (performance.now() - started) / 1000;
  const relayCpuShare = (cpuSecondsOf(contender.hubPid) - cpu) / elapsed;
  return { tunnel, relay, relayCpuShare, pingMs, pingMedianMs, residentKb: residentKbOf(contender.hubPid) };
}
