// The demo's story, the same for both kinds of mesh. Every step checks what it shows.

import { until } from "../lab/process.ts";
import type { DemoMesh, Transfer } from "./mesh.ts";
import { bitRate, bold, dim, line, megabytes, step } from "./screen.ts";

const PINGS = 5;
/** Part of the second transfer after which A changes its address. */
const ROAM_AT = 0.4;
const ROAM_TIMEOUT_MS = 15000;

export interface Figures {
  readonly rate: string;
  readonly relayed: number;
  readonly pingMs: number;
  readonly roamMs: number;
}

function note(transfer: Transfer, since: number): string {
  const rate = bitRate(transfer.received, (performance.now() - since) / 1000);
  return `${megabytes(transfer.received)}  ${rate}`;
}

/** Waits until the hub has heard A somewhere else than at `before`. */
function movedFrom(mesh: DemoMesh, before: string): Promise<string> {
  return until("the hub to hear A at its new address", ROAM_TIMEOUT_MS, () => {
    const now = mesh.endpointOfA();
    return now !== before && now;
  });
}

function checkSum(transfer: Transfer, expected: string): void {
  if (transfer.sha256 !== expected)
    throw new Error(`SHA-256 differs: ${transfer.sha256} instead of ${expected}`);
}

/** Plays the whole story; throws at the first thing that is not as it should be. */
export async function play(mesh: DemoMesh, bytes: number): Promise<Figures> {
  line();
  line(`  ${bold("Subnetra")}  one hub, two spokes behind NAT, everything encrypted`);
  line();
  for (const row of mesh.drawing) line(`    ${dim(row)}`);
  line();
  line(`  ${mesh.nature}`);
  line();

  const started = performance.now();
  await step("Three daemons", async () => {
    await mesh.start();
    return [`ready after ${((performance.now() - started) / 1000).toFixed(1)} s`, undefined];
  });
  await step("Both spokes reach the hub through NAT", async () => {
    const { a, b } = await mesh.heard();
    return [`heard A at ${a}, B at ${b}`, undefined];
  });
  const pingMs = await step("A pings B through the hub", async () => {
    const { received, averageMs } = await mesh.ping(PINGS);
    if (received !== PINGS) throw new Error(`only ${received} of ${PINGS} pings were answered`);
    return [`${received} of ${PINGS}, ${averageMs.toFixed(2)} ms`, averageMs];
  });

  const sum = await mesh.offerFile(bytes);
  const rate = await step(`${megabytes(bytes)} ${mesh.carrier} from B to A`, async (shown) => {
    const since = performance.now();
    const transfer = await mesh.fetch((now) => shown.progress(now.received / bytes, note(now, since)));
    checkSum(transfer, sum);
    const reached = bitRate(bytes, transfer.seconds!);
    return [`${transfer.seconds!.toFixed(1)} s, ${reached}, SHA-256 ${sum.slice(0, 12)}… equal`, reached];
  });
  const roamMs = await step("Again, and A changes its address on the way", async (shown) => {
    const since = performance.now();
    const before = mesh.endpointOfA();
    let moved: Promise<string> | undefined;
    const transfer = await mesh.fetch((now) => {
      shown.progress(now.received / bytes, note(now, since) + (moved ? "  roamed" : ""));
      if (moved || now.received < ROAM_AT * bytes) return;
      mesh.roam();
      moved = movedFrom(mesh, before);
      // A failure is met where it is awaited, below.
      moved.catch(() => {});
    });
    checkSum(transfer, sum);
    const after = await moved;
    const outcome = `${before} → ${after}, pause ${transfer.longestGapMs} ms, SHA-256 equal`;
    return [outcome, transfer.longestGapMs];
  });

  for (const { name, text } of mesh.status()) {
    line();
    line(`  ${bold(name)}`);
    for (const row of text.trimEnd().split("\n")) line(`    ${dim(row)}`);
  }
  return { rate, relayed: mesh.hubFigures().relayed, pingMs, roamMs };
}
