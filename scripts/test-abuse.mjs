// npm run test:abuse: attacks real daemons of both builds and measures what is left for those who behave.
//
//   node scripts/test-abuse.mjs [--nodejs DIR] [--static FILE] [--only nodejs|static] [test …]
//
//   --nodejs DIR    the Node.js build of another checkout (it has been built there)
//   --static FILE   another static file
//   --only BUILD    one of the two builds
//   test            names of tests, such as slow-egress; all without
//
// Everything runs one at a time: the tests measure. Ends with a table of all figures, where "—" stands for one that was
// not measured on a build, and with status 1 when a figure misses what it must be or a test fails.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildIfStale, newest } from "./build.mjs";
import { root } from "./setup.mjs";
import { buildTiny, targetFile } from "./tiny/build.mjs";

const MACHINES = { x64: "amd64", arm64: "arm64", arm: "armv7", riscv64: "riscv64" };
const TINY_INPUTS = ["src", "scripts/tiny", "package-lock.json"];
const FILE_TIMEOUT_MS = 600000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { nodejs: { type: "string" }, static: { type: "string" }, only: { type: "string" } },
});

/** Ends this process as a wrong call does. */
function refuse(text) {
  console.error(`test:abuse: ${text}`);
  process.exit(2);
}

/** The static file of this machine, built when a source is newer. */
function freshStaticFile() {
  const target = MACHINES[process.arch];
  if (target === undefined) refuse(`no static build for ${process.arch}`);
  const file = join(root, targetFile(target));
  const changed = Math.max(...TINY_INPUTS.map((path) => newest(join(root, path))));
  if (!existsSync(file) || statSync(file).mtimeMs < changed) buildTiny([target]);
  return file;
}

/** The builds to attack: name and the value of SUBNETRA_E2E_BIN. */
function chooseBuilds() {
  const found = [];
  if (values.only !== undefined && !["nodejs", "static"].includes(values.only))
    refuse(`no such build: ${values.only}`);
  if (values.only !== "static")
    found.push({ name: "nodejs", bin: values.nodejs ? resolve(values.nodejs) : "nodejs" });
  if (values.only !== "nodejs") {
    found.push({ name: "static", bin: values.static ? resolve(values.static) : freshStaticFile() });
  }
  return found;
}

/** The tests' names, in order. */
function chooseTests() {
  const all = readdirSync(join(root, "test/abuse"))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => name.replace(/\.test\.ts$/, ""))
    .sort();
  const unknown = positionals.filter((name) => !all.includes(name));
  if (unknown.length > 0) refuse(`no such test: ${unknown.join(", ")} (there are ${all.join(", ")})`);
  return positionals.length > 0 ? positionals : all;
}

/** Runs one test on one build; its figures, and whether it passed. */
function runTest(test, build) {
  const figuresFile = join(root, "dist/abuse-figures.jsonl");
  mkdirSync(join(root, "dist"), { recursive: true });
  rmSync(figuresFile, { force: true });
  const started = performance.now();
  const result = spawnSync(
    process.execPath,
    ["--test-reporter=spec", join(root, "dist/test/abuse", `${test}.test.js`)],
    {
      stdio: "inherit",
      timeout: FILE_TIMEOUT_MS,
      env: { ...process.env, SUBNETRA_E2E_BIN: build.bin, SUBNETRA_FIGURES: figuresFile },
    },
  );
  const seconds = (performance.now() - started) / 1000;
  const lines = existsSync(figuresFile) ? readFileSync(figuresFile, "utf8").split("\n").filter(Boolean) : [];
  const figures = lines.map((line) => ({ test, build: build.name, ...JSON.parse(line) }));
  return { test, build: build.name, passed: result.status === 0, seconds, figures };
}

/** Both builds' values of each figure, side by side. */
function table(results, builds) {
  const rows = new Map();
  for (const figure of results.flatMap((result) => result.figures)) {
    const row = rows.get(figure.name) ?? { required: figure.required };
    row[figure.build] = `${figure.measured}${figure.holds ? "" : " MISSED"}`;
    rows.set(figure.name, row);
  }
  const names = builds.map(({ name }) => name);
  const cells = [["figure", "must be", ...names]];
  for (const [name, row] of rows)
    cells.push([name, row.required, ...names.map((build) => row[build] ?? "—")]);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i])).join("   ")}`.trimEnd())
    .join("\n");
}

buildIfStale();
const builds = chooseBuilds();
const results = [];
for (const test of chooseTests()) {
  for (const build of builds) {
    console.log(`\n== ${test} [${build.name}]`);
    results.push(runTest(test, build));
  }
}
console.log(`\n${table(results, builds)}\n`);
for (const { test, build, passed, seconds, figures } of results) {
  const missed = figures.filter(({ holds }) => !holds).length;
  const note = missed > 0 ? `, ${missed} of ${figures.length} figures missed` : "";
  console.log(
    `  ${passed ? "pass" : "FAIL"}  ${seconds.toFixed(0).padStart(4)} s  ${test} [${build}]${note}`,
  );
}
const failed = results.filter(({ passed, figures }) => !passed || figures.some(({ holds }) => !holds));
console.log(
  failed.length === 0 ? "abuse: every figure holds" : `abuse: ${failed.length} of ${results.length} FAILED`,
);
process.exit(failed.length === 0 ? 0 : 1);
