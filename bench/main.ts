// The benchmark: the engine alone, a hub at its limit, TCP and ping beside wireguard-go, all in one run.
//
//   node main.js [--setup] [--json FILE] [--baseline DIR] [--figures LIST]

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { parseArgs } from "node:util";
import { labUnavailable } from "../lab/prerequisites.ts";
import { run } from "../lab/process.ts";
import { root } from "../lab/project.ts";
import type { Contender } from "./contender.ts";
import { type EngineFigures, engineFigures, SIZES } from "./engine-figures.ts";
import { median } from "./figures.ts";
import { baseline, payload, pin, rounds, seconds } from "./knobs.ts";
import { measureLatency } from "./latency.ts";
import { type OpensslFigures, opensslFigures } from "./openssl-figures.ts";
import { type Named, orderFor, pairedRows, pairedTable } from "./paired.ts";
import { missingParticipants, ownBuilds, rivals, setUpParticipants } from "./participants.ts";
import {
  engineTable,
  type Result,
  type SaturationResult,
  saturationTable,
  type TcpResult,
  tcpTable,
} from "./report.ts";
import { type Direction, type Saturation, saturate } from "./saturation.ts";
import { subnetraStar } from "./subnetra-star.ts";
import { measureTcp, type TcpFigures } from "./tcp.ts";
import { wireguardStar } from "./wireguard-star.ts";

const FIGURES = ["engine", "hub", "relay", "tcp"];

const USAGE = `usage: npm run bench -- [--setup] [--json FILE] [--baseline DIR] [--figures LIST]

  --setup       install what takes part and is missing: wireguard-go, iperf3, openssl; the newest wireguard-go with go
  --json FILE   write the figures for machines as well
  --baseline DIR  a built checkout of another commit: its builds take part beside ours in the place of wireguard-go,
                  and a table says how ours compare, round by round
  --figures LIST  some of ${FIGURES.join(",")} (default: all)

Environment: SUBNETRA_BENCH_SECS (5), SUBNETRA_BENCH_SIZE (1372), SUBNETRA_BENCH_PIN (1), SUBNETRA_BENCH_ROUNDS (3),
             SUBNETRA_BENCH_BASELINE (a file of an earlier --json)
`;

const { values } = parseArgs({
  options: {
    setup: { type: "boolean", default: false },
    json: { type: "string" },
    baseline: { type: "string" },
    figures: { type: "string", default: FIGURES.join(",") },
    help: { type: "boolean", short: "h", default: false },
  },
});

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
}

/** The median of each figure over several rounds. */
function medians<T extends object>(samples: readonly T[]): T {
  const keys = Object.keys(samples[0]!) as (keyof T)[];
  const entries = keys.map((key) => [key, median(samples.map((sample) => sample[key] as number))]);
  return Object.fromEntries(entries) as T;
}

const chosen = values.figures.split(",");
const participants = () => ownBuilds(values.baseline);
const pairedResults: string[][] = [];

async function saturations(): Promise<SaturationResult[]> {
  const directions = (["hub", "relay"] as Direction[]).filter((direction) => chosen.includes(direction));
  const plan = directions.flatMap((direction) =>
    participants().map((participant) => ({ participant, direction, samples: [] as Saturation[] })),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const { participant, direction, samples } of orderFor(plan, round)) {
      progress(`round ${round} of ${rounds}: ${participant.name}, hub at its limit, ${direction}`);
      samples.push(await saturate(participant.build, direction, `sat${samples.length}`));
    }
  }
  for (const direction of directions) {
    const results = plan.filter((entry) => entry.direction === direction);
    pairedResults.push(
      ...pairedRows(results, [
        { name: `${direction}, packets/s`, moreIsBetter: true, read: (sample) => sample.packetsPerSecond },
        { name: `${direction}, µs/packet`, moreIsBetter: false, read: (sample) => sample.cpuMicrosPerPacket },
      ]),
    );
  }
  return plan.map(({ participant, direction, samples }) => ({
    name: participant.name,
    direction,
    ...medians(samples),
  }));
}

interface Entrant {
  readonly participant: Named;
  readonly contender: Contender;
  readonly samples: TcpFigures[];
}

async function tcp(): Promise<TcpResult[]> {
  const entrants: Entrant[] = [];
  const enter = (participant: Named, contender: Contender) =>
    entrants.push({ participant, contender, samples: [] });
  try {
    for (const participant of participants()) {
      enter(participant, await subnetraStar(participant.build, participant.name));
    }
    for (const { name, binary } of values.baseline ? [] : rivals()) {
      enter({ name }, await wireguardStar(binary, name));
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { contender, samples } of orderFor(entrants, round)) {
        progress(`round ${round} of ${rounds}: ${contender.name}, TCP and ping`);
        samples.push(await measureTcp(contender));
      }
    }
    pairedResults.push(
      ...pairedRows(entrants, [
        { name: "TCP, one tunnel", moreIsBetter: true, read: (sample) => sample.tunnel },
        { name: "TCP, relay", moreIsBetter: true, read: (sample) => sample.relay },
      ]),
    );
    if (values.baseline) {
      progress("ping, in turn");
      const latencies = measureLatency(entrants);
      pairedResults.push(
        ...pairedRows(latencies, [{ name: "ping ms", moreIsBetter: false, read: (sample) => sample }]),
      );
    }
    return entrants.map(({ contender, samples }) => ({ name: contender.name, ...medians(samples) }));
  } finally {
    for (const { contender } of entrants) contender.close();
  }
}

function show(text: string): void {
  progress("");
  process.stdout.write(`${text}\n\n`);
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.setup) setUpParticipants();
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
  show(`  ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}`);
  const missing = missingParticipants();
  for (const line of missing) console.log(`  missing, or run with --setup: ${line}`);

  const unknown = chosen.filter((name) => !FIGURES.includes(name));
  if (unknown.length > 0) throw new Error(`no such figures: ${unknown.join(", ")}`);
  let engine: EngineFigures[] = [];
  let openssl: OpensslFigures[] | undefined;
  if (chosen.includes("engine")) {
    progress("engine");
    engine = [...engineFigures("simd"), ...engineFigures("plain")];
    openssl = opensslFigures(SIZES);
    show(engineTable(engine, openssl));
  }

  const obstacle = labUnavailable(["ip", "nft", "ping", "sysctl", "taskset"]);
  let saturation: SaturationResult[] = [];
  let tcpResults: TcpResult[] = [];
  if (obstacle) {
    missing.push(`the star in namespaces: ${obstacle}`);
    console.log(`  not measured, the star in namespaces: ${obstacle}`);
  } else {
    const earlier = baseline ? (JSON.parse(readFileSync(baseline, "utf8")) as Result).saturation : [];
    saturation = await saturations();
    if (saturation.length > 0) show(saturationTable(saturation, earlier));
    const iperf = labUnavailable(["iperf3"]);
    if (!chosen.includes("tcp")) progress("");
    else if (iperf) console.log(`  not measured, TCP: ${iperf}`);
    else {
      tcpResults = await tcp();
      show(tcpTable(tcpResults));
    }
  }
  if (pairedResults.length > 0) show(pairedTable(pairedResults));
  if (values.json) {
    const commit = run(["git", "-C", root, "rev-parse", "HEAD"]).stdout.trim();
    const settings = { seconds, payload, pinned: pin && machine.cores > 1, rounds };
    const result: Result = {
      machine,
      commit,
      settings,
      engine,
      openssl,
      saturation,
      tcp: tcpResults,
      missing,
    };
    writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
