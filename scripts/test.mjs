// Runs the tests: sets the project up, builds it, then runs every kind of test it can on this host.
//
//   node scripts/test.mjs [kind …]      kinds: unit property kat native sim platform fuzz package e2e; all without arguments
//
// End-to-end tests run one at a time and after the others: they measure, and share the host's network.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { run as runTests } from "node:test";
import { spec as Spec } from "node:test/reporters";
import { buildIfStale } from "./build.mjs";
import { collectEvidence } from "./evidence.mjs";
import { root } from "./setup.mjs";

const FAST = ["unit", "property", "kat", "native", "sim", "platform", "fuzz", "package"];
const KINDS = [...FAST, "e2e"];
const FILE_TIMEOUT_MS = 300000 + Number(process.env.SUBNETRA_SOAK_SECS ?? 0) * 1000;
/** The totals that node:test reports at the end of a run. */
const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Compiled test files of one kind, in the order of their names. */
function testFiles(kind) {
  const folder = join(root, "test", kind);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .sort()
    .map((name) => join(root, "dist/test", kind, name.replace(/\.ts$/, ".js")));
}

function groupsOf(kinds) {
  const fast = { files: kinds.filter((kind) => FAST.includes(kind)).flatMap(testFiles) };
  const slow = { files: kinds.includes("e2e") ? testFiles("e2e") : [] };
  return [
    { ...fast, concurrency: Math.min(availableParallelism(), 4) },
    { ...slow, concurrency: 1 },
  ].filter((group) => group.files.length > 0);
}

/** The events of several runs as those of one: the totals are added up and come once, after the evidence. */
async function* runGroups(groups, evidence) {
  const totals = new Map();
  for (const { files, concurrency } of groups) {
    for await (const event of runTests({ files, concurrency, timeout: FILE_TIMEOUT_MS })) {
      const total = event.type === "test:diagnostic" && TOTAL.exec(event.data.message);
      if (total && event.data.nesting === 0) {
        totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
      } else if (event.type !== "test:summary") {
        if (event.type === "test:fail" && !event.data.todo) process.exitCode = 1;
        yield event;
      }
    }
  }
  yield { type: "test:stdout", data: { message: evidence() } };
  for (const [name, value] of totals) {
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${name} ${value}` } };
  }
}

async function main(kinds) {
  const unknown = kinds.filter((kind) => !KINDS.includes(kind));
  if (unknown.length > 0) {
    console.error(`test: unknown kind: ${unknown.join(", ")} (one of ${KINDS.join(", ")})`);
    process.exit(2);
  }
  buildIfStale();
  const evidence = join(root, "dist/evidence.txt");
  mkdirSync(join(root, "dist"), { recursive: true });
  rmSync(evidence, { force: true });
  process.env.SUBNETRA_EVIDENCE = evidence;

  const block = () => {
    if (!kinds.includes("e2e")) return "";
    const recorded = existsSync(evidence) ? readFileSync(evidence, "utf8") : "";
    return `\n${collectEvidence(recorded, process.exitCode ?? 0)}\n\n`;
  };
  const events = Readable.from(runGroups(groupsOf(kinds), block), { objectMode: true });
  const report = events.compose(new Spec());
  report.pipe(process.stdout);
  await new Promise((resolve, reject) => report.on("end", resolve).on("error", reject));
}

await main(process.argv.length > 2 ? process.argv.slice(2) : KINDS);
