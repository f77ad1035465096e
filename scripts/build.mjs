// Builds everything under dist/: both engine variants with AssemblyScript, the rest with TypeScript.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleClient } from "./bundle-client.mjs";
import { checkRecords } from "./check-records.mjs";
import { root, run, setUp } from "./setup.mjs";

/** How AssemblyScript compiles every module. */
export const ASC_FLAGS = [
  "-O3",
  "--noAssert",
  "--runtime",
  "stub",
  "--importMemory",
  "--initialMemory",
  "1",
  "--maximumMemory",
  "65536",
];

const VARIANTS = [
  ["plain", []],
  ["simd", ["--enable", "simd"]],
];

/** The engine, and its primitives alone for the known-answer tests. */
const MODULES = [
  ["src/engine/assembly/index.ts", "dist/src/engine/engine"],
  ["test/support/kat/assembly/primitives.ts", "dist/test/support/kat/primitives"],
];

function buildModule(entry, out) {
  mkdirSync(dirname(join(root, out)), { recursive: true });
  for (const [name, flags] of VARIANTS) {
    run(process.execPath, [
      join(root, "node_modules/assemblyscript/bin/asc.js"),
      entry,
      ...ASC_FLAGS,
      ...flags,
      "--outFile",
      `${out}-${name}.wasm`,
    ]);
  }
}

/** Compiles the TypeScript sources. Returns the compiler's exit code. */
function buildTypeScript() {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  return (
    spawnSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root, stdio: "inherit" }).status ?? 1
  );
}

/** Marks the end of the last complete build. */
const STAMP = join(root, "dist/.built");
const INPUTS = [
  "src",
  "lab",
  "bench",
  "demo",
  "test",
  "tsconfig.json",
  "package-lock.json",
  "scripts/build.mjs",
  "scripts/check-records.mjs",
];

/** When the newest file at or below a path was changed, in ms. */
export function newest(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(entry.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds everything. */
export function build() {
  setUp();
  const problems = checkRecords();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  for (const [entry, out] of MODULES) buildModule(entry, out);
  const status = buildTypeScript();
  if (status !== 0) process.exit(status);
  bundleClient("dist/src");
  writeFileSync(STAMP, "");
}

/** Builds everything unless nothing has changed since the last build. */
export function buildIfStale() {
  setUp();
  const changed = Math.max(...INPUTS.map((path) => newest(join(root, path))));
  if (existsSync(STAMP) && statSync(STAMP).mtimeMs >= changed) return;
  console.error("building");
  build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
