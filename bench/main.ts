// The benchmark: the engine alone, a hub at its limit, TCP and ping beside wireguard-go, all in one run.
//
//   node main.js [--setup] [--json FILE]

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { parseArgs } from "node:util";
import { labUnavailable } from "../lab/prerequisites.ts";
import { run } from "../lab/process.ts";
import { root } from "../lab/project.ts";
import type { Contender } from "./contender.ts";
import { engineFigures, SIZES } from "./engine-figures.ts";
import { median } from "./figures.ts";
import { baseline, payload, pin, rounds, seconds } from "./knobs.ts";
import { opensslFigures } from "./openssl-figures.ts";
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

const USAGE = `usage: npm run bench -- [--setup] [--json FILE]

  --setup       install what takes part and is missing: wireguard-go, iperf3, openssl; the newest wireguard-go with go
  --json FILE   write the figures for machines as well

Environment: SUBNETRA_BENCH_SECS (5), SUBNETRA_BENCH_SIZE (1372), SUBNETRA_BENCH_PIN (1), SUBNETRA_BENCH_ROUNDS (3),
             SUBNETRA_BENCH_BASELINE (a file of an earlier --json)
`;

const { values } = parseArgs({
  options: {
    setup: { type: "boolean", default: false },
    json: { type: "string" },
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

async function saturations(): Promise<SaturationResult[]> {
  const plan = ownBuilds().flatMap(({ name, build }) =>
    (["hub", "relay"] as Direction[]).map((direction) => ({
      name,
      build,
      direction,
      samples: [] as Saturation[],
    })),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const { name, build, direction, samples } of plan) {
      progress(`round ${round} of ${rounds}: ${name}, hub at its limit, ${direction}`);
      samples.push(await saturate(build, direction, `sat${samples.length}`));
    }
  }
  return plan.map(({ name, direction, samples }) => ({ name, direction, ...medians(samples) }));
}

async function tcp(): Promise<TcpResult[]> {
  const contenders: Contender[] = [];
  try {
    for (const { name, build } of ownBuilds()) contenders.push(await subnetraStar(build, name));
    for (const { name, binary } of rivals()) contenders.push(await wireguardStar(binary, name));
    const samples = new Map<Contender, TcpFigures[]>(contenders.map((contender) => [contender, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const contender of contenders) {
        progress(`round ${round} of ${rounds}: ${contender.name}, TCP and ping`);
        samples.get(contender)!.push(await measureTcp(contender));
      }
    }
    return contenders.map((contender) => ({ name: contender.name, ...medians(samples.get(contender)!) }));
  } finally {
    for (const contender of contenders) contender.close();
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

  progress("engine");
  const engine = [...engineFigures("simd"), ...engineFigures("plain")];
  const openssl = opensslFigures(SIZES);
  show(engineTable(engine, openssl));

  const obstacle = labUnavailable(["ip", "nft", "ping", "sysctl", "taskset"]);
  let saturation: SaturationResult[] = [];
  let tcpResults: TcpResult[] = [];
  if (obstacle) {
    missing.push(`the star in namespaces: ${obstacle}`);
    console.log(`  not measured, the star in namespaces: ${obstacle}`);
  } else {
    const earlier = baseline ? (JSON.parse(readFileSync(baseline, "utf8")) as Result).saturation : [];
    saturation = await saturations();
    show(saturationTable(saturation, earlier));
    const iperf = labUnavailable(["iperf3"]);
    if (iperf) console.log(`  not measured, TCP: ${iperf}`);
    else {
      tcpResults = await tcp();
      show(tcpTable(tcpResults));
    }
  }
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
