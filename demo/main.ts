// The demo: three real daemons, a ping, a file, a change of address in the middle of a file, and what each node says.
//
//   node main.js [--keep] [--memory] [--size MB]

import { parseArgs } from "node:util";
import { labUnavailable } from "../lab/prerequisites.ts";
import { KernelMesh } from "./kernel-mesh.ts";
import { MemoryMesh } from "./memory-mesh.ts";
import type { DemoMesh } from "./mesh.ts";
import { bold, dim, green, line, megabytes } from "./screen.ts";
import { play } from "./story.ts";

const USAGE = `usage: npm run demo -- [--keep] [--memory] [--size MB]

  --keep      leave the mesh up afterwards, with commands to try; Ctrl-C ends it
  --memory    without root: in-memory TUN devices over loopback, even where root is at hand
  --size MB   size of the file that is moved (default 200)
`;

const { values } = parseArgs({
  options: {
    keep: { type: "boolean", default: false },
    memory: { type: "boolean", default: false },
    size: { type: "string", default: "200" },
    help: { type: "boolean", short: "h", default: false },
  },
});

function makeMesh(): DemoMesh {
  if (values.memory) return new MemoryMesh("asked for with --memory");
  const obstacle = labUnavailable(["ip", "nft", "ping", "sysctl"]);
  return obstacle ? new MemoryMesh(obstacle) : new KernelMesh();
}

function stay(mesh: DemoMesh): Promise<never> {
  line();
  line(`  ${bold("The mesh stays up.")} To try in another terminal:`);
  for (const hint of mesh.hints()) line(`    ${hint}`);
  line(`  ${dim("Ctrl-C takes it down.")}`);
  // Only a signal ends this; the timer keeps the process alive for it.
  return new Promise(() => setInterval(() => {}, 1 << 30));
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const bytes = Number(values.size) * 1e6;
  if (!Number.isSafeInteger(bytes) || bytes <= 0)
    throw new Error(`--size: not a number of MB: ${values.size}`);
  const started = performance.now();
  const mesh = makeMesh();
  try {
    const figures = await play(mesh, bytes);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    line();
    line(
      `  ${green("✔")} ${bold(`${megabytes(2 * bytes)} through the relay at ${figures.rate}`)}, ` +
        `${figures.relayed} datagrams relayed, ping ${figures.pingMs.toFixed(2)} ms, ` +
        `roamed in ${figures.roamMs} ms, all sums equal, ${seconds} s in all.`,
    );
    if (values.keep) await stay(mesh);
  } finally {
    mesh.close();
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(`\ndemo: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
