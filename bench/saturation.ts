// Items 23 and 24 of deployment.md §13: a hub at its limit, alone on a processor core where there are several.
//
//   blaster (in place of spoke A) ══▶ hub on the last core ══▶ sink (in place of spoke B)

import { availableParallelism } from "node:os";
import { must, sleep } from "../lab/process.ts";
import { type Build, compiled } from "../lab/project.ts";
import { A_OVERLAY, B_OVERLAY, HUB_OVERLAY, Star } from "../lab/star.ts";
import { innerLength, pin, seconds } from "./knobs.ts";

const WARM_UP_MS = 1500;
const EXTRA_SECONDS = 5;

export type Direction = "hub" | "relay";

export interface Saturation {
  /** Inner packets per second: received (hub) or relayed (relay). */
  readonly packetsPerSecond: number;
  /** Inner bits per second. */
  readonly goodput: number;
  /** Share of one core. */
  readonly cpuShare: number;
  readonly cpuMicrosPerPacket: number;
  readonly residentKb: number;
  readonly offeredPerSecond: number;
  readonly deliveredPerSecond: number;
}

const cores = availableParallelism();
const pinned = pin && cores >= 2;

/** Restricts this process, and so all it starts, to some cores. */
function confine(list: string): void {
  must(["taskset", "-a", "-cp", list, String(process.pid)]);
}

function number(text: string, name: string): number {
  const match = new RegExp(`${name}=(\\d+)`).exec(text);
  if (!match) throw new Error(`no ${name} in: ${text}`);
  return Number(match[1]);
}

/** Saturates a hub of one build for a while. */
export async function saturate(build: Build, direction: Direction, label: string): Promise<Saturation> {
  const star = new Star(label, { builds: { hub: build, spokes: build }, kind: "roles", hubAddress: true });
  try {
    if (pinned) confine(cores === 2 ? "0" : `0-${cores - 2}`);
    return await measure(star, direction);
  } finally {
    if (pinned) confine(`0-${cores - 1}`);
    star.close();
  }
}

async function measure(star: Star, direction: Direction): Promise<Saturation> {
  await star.startHub(pinned ? { wrap: ["taskset", "-c", String(cores - 1)] } : {});
  // The kernel would answer packets for a port nobody listens on, and the answers would be load of their own.
  star.lab.nft(
    "hub",
    'table ip load {\n chain in {\n type filter hook input priority 0;\n iifname "snr0" drop\n }\n}\n',
  );
  for (const node of [star.a, star.b]) node.writeConfig();
  const total = String(seconds + EXTRA_SECONDS);
  const run = (script: string, namespace: string, ...args: string[]) =>
    star.lab.start(namespace, script, [process.execPath, compiled(`bench/${script}.ts`), ...args]);
  const sink = run("sink", "b", star.b.configPath, total);
  await sink.seen(/listening/);
  const target = direction === "hub" ? HUB_OVERLAY : B_OVERLAY;
  const load = String(seconds + EXTRA_SECONDS - 1);
  const blaster = run("blaster", "a", star.a.configPath, A_OVERLAY, target, String(innerLength), load);
  await sleep(WARM_UP_MS);

  const counter = direction === "hub" ? "udp_rx_packets" : "relay_packets";
  const before = { packets: star.hub.counter(counter), cpu: star.hub.cpuSeconds(), time: performance.now() };
  await sleep(seconds * 1000);
  const packets = star.hub.counter(counter) - before.packets;
  const cpu = star.hub.cpuSeconds() - before.cpu;
  const elapsed = (performance.now() - before.time) / 1000;
  const residentKb = star.hub.residentKb();

  await blaster.exited(20000);
  await sink.exited(20000);
  const offered = number(blaster.stdout, "offered") / Number(load);
  const delivered = number(sink.stdout, "delivered") / Number(load);
  if (direction === "relay" && number(sink.stdout, "opened") !== number(sink.stdout, "sampled")) {
    throw new Error(`relayed datagrams did not open: ${sink.stdout}`);
  }
  return {
    packetsPerSecond: packets / elapsed,
    goodput: (packets / elapsed) * innerLength * 8,
    cpuShare: cpu / elapsed,
    cpuMicrosPerPacket: (cpu / packets) * 1e6,
    residentKb,
    offeredPerSecond: offered,
    deliveredPerSecond: direction === "relay" ? delivered : 0,
  };
}
