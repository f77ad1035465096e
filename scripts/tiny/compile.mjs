// Compiles and links one target.

import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { root } from "../setup.mjs";
import { GENERATED, generateProgram } from "./generate.mjs";
import { SIMDE, zig } from "./toolchain.mjs";

export const SOURCES = "src/platform/tiny";
/** The native AEAD. */
export const NATIVE = "src/engine/native";
/** Compiled by rules of their own. */
const SPECIAL = ["engine-unit.c", "duktape-unit.c"];

const WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];
export const COMMON_DEFINES = ["-D_GNU_SOURCE", "-DNDEBUG"];
/** Nothing of this machine gets into the file, and nothing that only a debugger or an unwinder wants. */
const COMMON = [
  ...COMMON_DEFINES,
  `-ffile-prefix-map=${root}=.`,
  "-ffunction-sections",
  "-fdata-sections",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-fomit-frame-pointer",
];
/**
 * Code that meets what others sent is guarded against overruns of its stack frames. Not so the engine and the cipher:
 * the translation keeps its data in engine memory, and both are what the data path spends its time in.
 */
const GUARDED = "-fstack-protector-strong";
const UNGUARDED = "-fno-stack-protector";

/** The C files of ours that every target has. */
export function ownSources() {
  return readdirSync(join(root, SOURCES)).filter((file) => file.endsWith(".c") && !SPECIAL.includes(file));
}

/** Folders with headers, for this target. */
export function includeFlags(folder) {
  const generated = relative(root, GENERATED);
  return [`-I${SOURCES}`, `-I${NATIVE}`, `-I${generated}`, `-I${generated}/duktape`, `-I${folder}`];
}

/**
 * Builds files for a target, one per program; what they share is compiled once.
 *
 * @param programs of each file its path and the module its program starts in, both relative to the project
 * @returns the sizes of the files in bytes
 */
export function compile(name, target, programs) {
  const folder = `.cache/tiny/${name}`;
  mkdirSync(join(root, folder), { recursive: true });
  const machine = ["-target", target.triple, ...target.flags, ...(target.lto ? ["-flto"] : [])];
  if (target.aead !== undefined) machine.push("-DENGINE_NATIVE_AEAD");
  const objects = [];
  const unit = (object, source, flags) => {
    objects.push(`${folder}/${object}.o`);
    zig(["cc", ...machine, ...COMMON, ...includeFlags(folder), ...flags, "-c", source, "-o", objects.at(-1)]);
  };
  for (const source of ownSources())
    unit(source.slice(0, -2), `${SOURCES}/${source}`, ["-Oz", GUARDED, ...WARNINGS]);
  unit("duktape-unit", `${SOURCES}/duktape-unit.c`, ["-Oz", GUARDED]);
  unit("engine-unit", `${SOURCES}/engine-unit.c`, [
    // Vectors are the engine's business: what the compiler makes of its scalar code beside them only costs registers.
    "-O3",
    UNGUARDED,
    ...(target.engineLto === false ? ["-fno-lto"] : []),
    "-fno-slp-vectorize",
    `-DENGINE_NAME=${target.engine}`,
    `-DENGINE_SOURCE="engine-${target.engine}.c"`,
    `-DENGINE_TABLE="engine-${target.engine}-table.h"`,
    `-isystem${SIMDE}/..`,
  ]);
  if (target.aead !== undefined) unit("aead", `${NATIVE}/aead.c`, ["-Oz", GUARDED, ...WARNINGS]);
  for (const { name, lanes, flags } of target.aead ?? [])
    unit(`aead-${name}`, `${NATIVE}/aead-unit.c`, [
      "-O3",
      UNGUARDED,
      ...WARNINGS,
      ...flags,
      `-DAEAD_NAME=${name}`,
      `-DAEAD_LANES=${lanes}`,
    ]);
  return programs.map(({ file, entry }) => {
    const source = generateProgram(entry);
    const shared = [...objects];
    unit(basename(source, ".c"), source, ["-Oz", ...WARNINGS]);
    const own = objects.pop();
    mkdirSync(join(root, dirname(file)), { recursive: true });
    const link = ["-Oz", "-static", "-s", "-Wl,--gc-sections", "-Wl,--build-id=none"];
    zig(["cc", ...machine, ...link, ...shared, own, "-o", file]);
    return statSync(join(root, file)).size;
  });
}
