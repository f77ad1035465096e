// The tiny build for this machine under AddressSanitizer and UndefinedBehaviorSanitizer, for tests: the same sources,
// compiled by gcc against the system's C library. Ends the process at the first finding.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "../setup.mjs";
import { COMMON_DEFINES, includeFlags, ownSources, SOURCES } from "./compile.mjs";
import { GENERATED, generate } from "./generate.mjs";
import { requireToolchain, SIMDE } from "./toolchain.mjs";

const FOLDER = ".cache/tiny/sanitized";
export const SANITIZED = `${FOLDER}/subnetra-sanitized`;
const ADDRESS = ["-fsanitize=address", "-fno-omit-frame-pointer", "-g", "-O1"];
const BOTH = [...ADDRESS, "-fsanitize=undefined", "-fno-sanitize-recover=all"];
const ENGINES = [
  { name: "simd", source: "simd", flags: process.arch === "x64" ? ["-msse4.1"] : [] },
  { name: "plain", source: "plain", flags: [] },
];

/** Builds SANITIZED. */
export function buildSanitized() {
  requireToolchain({ installMissing: false });
  generate(ENGINES);
  mkdirSync(join(root, FOLDER), { recursive: true });
  writeFileSync(
    join(root, FOLDER, "engine-variants.h"),
    ENGINES.map(({ name }) => `VARIANT(${name})\n`).join(""),
  );
  const objects = [];
  const unit = (object, source, flags) => {
    objects.push(`${FOLDER}/${object}.o`);
    run("gcc", [
      "-std=gnu11",
      ...COMMON_DEFINES,
      ...includeFlags(FOLDER),
      ...flags,
      "-c",
      source,
      "-o",
      objects.at(-1),
    ]);
  };
  for (const source of ownSources())
    unit(source.slice(0, -2), `${SOURCES}/${source}`, [...BOTH, "-Wall", "-Wextra"]);
  unit("program", `${relative(root, GENERATED)}/program.c`, BOTH);
  // Duktape and the translated engine are not ours to judge for undefined behaviour, but may not leave their memory.
  unit("duktape-unit", `${SOURCES}/duktape-unit.c`, [...ADDRESS, "-w"]);
  for (const { name, flags } of ENGINES) {
    unit(`engine-${name}`, `${SOURCES}/engine-unit.c`, [
      ...ADDRESS,
      ...flags,
      "-w",
      `-DENGINE_NAME=${name}`,
      `-DENGINE_SOURCE="engine-${name}.c"`,
      `-DENGINE_TABLE="engine-${name}-table.h"`,
      `-isystem${SIMDE}/..`,
    ]);
  }
  run("gcc", [...BOTH, ...objects, "-lm", "-o", SANITIZED]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildSanitized();
