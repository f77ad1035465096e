// Times the primitives alone, as docs/engine-crypto.md reports them: nanoseconds per call, best and median of many
// short rounds, every module given taking its turn in each round. Build first.
//
//   node scripts/bench-primitives.mjs [MODULE.wasm …]     default: the plain and the SIMD build

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "./setup.mjs";

const ROUNDS = 2500;
const CALLS = 15;
const KEY = 131072;
const DATA = KEY + 4096;

const TESTS = {
  "seal 64": (call) => call.sealMany(KEY, DATA, 64, CALLS),
  "seal 512": (call) => call.sealMany(KEY, DATA, 512, CALLS),
  "seal 1408": (call) => call.sealMany(KEY, DATA, 1408, CALLS),
  "seal+open 1408": (call) => call.pairMany(KEY, DATA, 1408, CALLS),
  hash: (call) => call.hashMany(KEY, DATA, CALLS),
};

function load(path) {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
  const module = new WebAssembly.Module(readFileSync(path));
  const call = new WebAssembly.Instance(module, { env: { memory, abort() {} } }).exports;
  return { path, call, times: Object.fromEntries(Object.keys(TESTS).map((name) => [name, []])) };
}

const paths = process.argv.slice(2);
if (paths.length === 0)
  paths.push(
    ...["plain", "simd"].map((variant) => join(root, `dist/test/support/kat/primitives-${variant}.wasm`)),
  );
const modules = paths.map(load);

for (let round = 0; round < ROUNDS; round++) {
  for (const { call, times } of modules) {
    for (const [name, test] of Object.entries(TESTS)) {
      const start = process.hrtime.bigint();
      test(call);
      times[name].push(Number(process.hrtime.bigint() - start) / CALLS);
    }
  }
}

for (const { path, times } of modules) {
  console.log(basename(path));
  for (const [name, list] of Object.entries(times)) {
    list.sort((a, b) => a - b);
    const best = list[0].toFixed(0).padStart(6);
    const median = list[list.length >> 1].toFixed(0).padStart(6);
    console.log(`  ${name.padEnd(16)}${best} ns   median ${median}`);
  }
}
