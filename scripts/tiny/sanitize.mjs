// The tiny build for this machine under AddressSanitizer and UndefinedBehaviorSanitizer, for tests: the same sources,
// compiled by gcc against the system's C library. A finding ends the process.

import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "../setup.mjs";
import { COMMON_DEFINES, includeFlags, NATIVE, ownSources, SOURCES } from "./compile.mjs";
import { buildEngines } from "./engine.mjs";
import { generate, generateProgram } from "./generate.mjs";
import { SHIPPED_ENTRY } from "./program.mjs";
import { testPrograms } from "./test-programs.mjs";
import { requireToolchain, SIMDE } from "./toolchain.mjs";

const FOLDER = ".cache/tiny/sanitized";
const FILE = `${FOLDER}/subnetra-sanitized`;
const ADDRESS = ["-fsanitize=address", "-fno-omit-frame-pointer", "-g", "-O1"];
const BOTH = [...ADDRESS, "-fsanitize=undefined", "-fno-sanitize-recover=all", "-Wall", "-Wextra"];
/** The widths of the native AEAD, as for the target of this machine, in gcc's words. */
const AEAD =
  process.arch === "x64"
    ? [
        { name: "avx512", lanes: 8, flags: ["-mavx2", "-mbmi2", "-mavx512f", "-mavx512vl"] },
        { name: "avx2", lanes: 8, flags: ["-mavx2", "-mbmi2"] },
        { name: "sse2", lanes: 4, flags: [] },
      ]
    : [{ name: "neon", lanes: 4, flags: [] }];

/** Builds .cache/tiny/sanitized/subnetra-sanitized, and the test programs in the same way. */
export function buildSanitized() {
  requireToolchain({ installMissing: false });
  buildEngines(["native"]);
  generate(["native"]);
  mkdirSync(join(root, FOLDER), { recursive: true });
  const objects = [];
  const unit = (object, source, flags) => {
    objects.push(`${FOLDER}/${object}.o`);
    const defines = [...COMMON_DEFINES, "-DENGINE_NATIVE_AEAD", ...includeFlags(FOLDER)];
    run("gcc", ["-std=gnu11", ...defines, ...flags, "-c", source, "-o", objects.at(-1)]);
  };
  for (const source of ownSources()) unit(source.slice(0, -2), `${SOURCES}/${source}`, BOTH);
  unit("aead", `${NATIVE}/aead.c`, BOTH);
  for (const { name, lanes, flags } of AEAD)
    unit(`aead-${name}`, `${NATIVE}/aead-unit.c`, [
      ...BOTH,
      ...flags,
      `-DAEAD_NAME=${name}`,
      `-DAEAD_LANES=${lanes}`,
    ]);
  // Duktape and the translated engine are not ours to judge for undefined behaviour, but may not leave their memory.
  unit("duktape-unit", `${SOURCES}/duktape-unit.c`, [...ADDRESS, "-w"]);
  unit("engine-unit", `${SOURCES}/engine-unit.c`, [
    ...ADDRESS,
    "-w",
    "-DENGINE_NAME=native",
    '-DENGINE_SOURCE="engine-native.c"',
    '-DENGINE_TABLE="engine-native-table.h"',
    `-isystem${SIMDE}/..`,
  ]);
  for (const { entry, file } of [{ entry: SHIPPED_ENTRY, file: FILE }, ...testPrograms("sanitized")]) {
    const source = generateProgram(entry);
    const shared = [...objects];
    unit(basename(source, ".c"), source, BOTH);
    mkdirSync(join(root, dirname(file)), { recursive: true });
    run("gcc", [...BOTH, ...shared, objects.pop(), "-lm", "-o", file]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildSanitized();
