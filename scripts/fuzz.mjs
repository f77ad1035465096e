// npm run fuzz -- [target …] [--seconds N | --runs N] [--seed S] [--save]: feeds the targets until a defect shows.
//
//   no target     every one, one after the other
//   --seconds N   for each target (default 60)
//   --save        keep inputs that reached something new in test/fuzz/corpus
//
// An input that shows a defect goes to test/fuzz/corpus/<target>/crash-<hash>, which `npm test` replays.

import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { buildIfStale } from "./build.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string" },
    save: { type: "boolean" },
  },
});

buildIfStale();
const support = "../dist/test/support/fuzz/";
const { TARGETS } = await import(`${support}targets.js`);
const { fuzz, shorten } = await import(`${support}fuzzer.js`);
const { addToCorpus, readCorpus } = await import(`${support}corpus.js`);

const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name));
if (unknown.length > 0) {
  console.error(
    `fuzz: no such target: ${unknown.join(", ")} (${TARGETS.map(({ name }) => name).join(", ")})`,
  );
  process.exit(2);
}
const seed = values.seed === undefined ? randomInt(2 ** 32 - 1) : Number(values.seed);
const limits =
  values.runs === undefined ? { seconds: Number(values.seconds ?? 60) } : { runs: Number(values.runs) };
let failed = 0;
let passed = 0;
for (const target of TARGETS) {
  if (positionals.length > 0 && !positionals.includes(target.name)) continue;
  const corpus = readCorpus(target.name).map(({ input }) => input);
  const started = performance.now();
  const { runs, features, kept, finding } = fuzz(target, corpus, seed, limits);
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(runs / seconds);
  console.log(
    `${target.name}: ${runs} runs in ${seconds.toFixed(0)} s (${rate}/s), ${features} features, ${kept.length} new inputs, seed ${seed}`,
  );
  if (values.save) for (const input of kept) addToCorpus(target.name, input);
  if (finding === null) {
    passed++;
    continue;
  }
  failed++;
  const path = addToCorpus(target.name, shorten(target, finding.input), "crash-");
  console.error(`${target.name}: DEFECT, input in ${path}\n${finding.error?.stack ?? finding.error}`);
}
console.log(`fuzz: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
