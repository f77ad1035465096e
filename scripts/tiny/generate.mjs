// The generated C of the tiny build: the ABI's constants, the translated engine and its table of exports.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { root } from "../setup.mjs";
import { enginePath } from "./engine.mjs";
import { bundleProgram, programSource, SHIPPED_ENTRY } from "./program.mjs";
import { DUKTAPE } from "./toolchain.mjs";

export const GENERATED = join(root, ".cache/tiny/generated");

/** Every integer constant of a TypeScript source as `#define ABI_NAME value`. */
function defines(path) {
  const source = readFileSync(join(root, path), "utf8");
  const found = [...source.matchAll(/^export const ([A-Z0-9_]+) = (\d+);$/gm)];
  return found.map(([, name, value]) => `#define ABI_${name} ${value}`);
}

/** What a call of the engine has room for, in engine-bindings.c. */
const MAX_ARGUMENTS = 8;

function abiHeader() {
  const lines = [
    `#define ENGINE_MAX_ARGUMENTS ${MAX_ARGUMENTS}`,
    ...defines("src/engine/abi.ts"),
    ...defines("src/core/sys.ts"),
  ];
  return `#ifndef SUBNETRA_ABI_H\n#define SUBNETRA_ABI_H\n${lines.join("\n")}\n#endif\n`;
}

/** Replaces one definition of the translator's prelude; a translator that words it otherwise fails the build. */
function replaceOnce(text, from, to) {
  if (text.split(from).length !== 2)
    throw new Error(`wasm2c's output has changed: not exactly one "${from}"`);
  return text.replace(from, () => to);
}

/**
 * Memory is one array at a known address (engine.h), so an access needs no instance and no base pointer; it is
 * little-endian (byte-order.h); and its loads need not happen when nobody uses the value, since no access is meant to trap.
 */
function adaptTranslation(text) {
  const changes = [
    [
      "#define MEM_ADDR(mem, addr, n) &((mem)->data[addr])",
      "#define MEM_ADDR(mem, addr, n) (engine_memory + (uintptr_t)(addr))",
    ],
    [
      "    force_read(result);                                                \\\n    return (t3)(t2)result; ",
      "    force_read(result);                                                \\\n    return (t3)(t2)LITTLE(t1, result); ",
    ],
    ["    t1 wrapped = (t1)value; ", "    t1 wrapped = LITTLE(t1, (t1)value); "],
    ['#define FORCE_READ_INT(var) __asm__("" ::"r"(var));', "#define FORCE_READ_INT(var)"],
    ['#define FORCE_READ_FLOAT(var) __asm__("" ::"f"(var));', "#define FORCE_READ_FLOAT(var)"],
  ];
  return changes.reduce((result, [from, to]) => replaceOnce(result, from, to), text);
}

/** The exports as a table of struct engine_export, from the header that wasm2c wrote. */
function exportTable(name, header) {
  const found = [
    ...header.matchAll(new RegExp(`^(u32|void) w2c_${name}_(\\w+)\\(w2c_${name}\\*([u32, ]*)\\);$`, "gm")),
  ];
  const wrappers = [];
  const entries = [];
  for (const [, result, function_, parameters] of found) {
    const count = parameters.split("u32").length - 1;
    if (count > MAX_ARGUMENTS)
      throw new Error(
        `the engine's ${function_} takes ${count} arguments, a call has room for ${MAX_ARGUMENTS}`,
      );
    const list = ["&instance", ...Array.from({ length: count }, (_, i) => `a[${i}]`)].join(", ");
    const call = `w2c_${name}_${function_}(${list})`;
    wrappers.push(
      `static uint32_t call_${function_}(const uint32_t *a)\n{\n    (void)a;\n` +
        (result === "void" ? `    ${call};\n    return 0;\n}\n` : `    return ${call};\n}\n`),
    );
    entries.push(`    {"${function_}", ${count}, call_${function_}},`);
  }
  if (entries.length === 0) throw new Error("wasm2c's header has changed: no exports found");
  return (
    `${wrappers.join("\n")}\nstatic const struct engine_export exports[] = {\n${entries.join("\n")}\n` +
    `    {0, 0, 0},\n};\n`
  );
}

function translate(name) {
  const out = join(GENERATED, `engine-${name}.c`);
  const tool = join(root, "node_modules/wabt/bin/wasm2c");
  const result = spawnSync(
    process.execPath,
    [tool, enginePath(name), "-n", name, "--no-debug-names", "-o", out],
    {
      encoding: "utf8",
    },
  );
  if (result.status !== 0) throw new Error(`wasm2c failed: ${result.stderr}`);
  writeFileSync(out, adaptTranslation(readFileSync(out, "utf8")));
  const header = readFileSync(join(GENERATED, `engine-${name}.h`), "utf8");
  writeFileSync(join(GENERATED, `engine-${name}-table.h`), exportTable(name, header));
}

/** The words of a Uint32Array, in core those of engine memory, are little-endian on every machine (duk-overrides.h). */
function littleWords(source) {
  const read = "duk_push_uint(thr, (duk_uint_t) du.ui[0]);";
  const write = "du.ui[0] = (duk_uint32_t) duk_to_uint32(thr, -1);";
  const changed = replaceOnce(source, read, read.replace("du.ui[0]", "little32(du.ui[0])"));
  return replaceOnce(changed, write, "du.ui[0] = little32(duk_to_uint32(thr, -1));");
}

/** Duktape's source and headers, with our feature switches where its configuration has room for them. */
function adaptDuktape() {
  const folder = join(GENERATED, "duktape");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "duktape.h"), readFileSync(join(DUKTAPE, "duktape.h")));
  writeFileSync(join(folder, "duktape.c"), littleWords(readFileSync(join(DUKTAPE, "duktape.c"), "utf8")));
  const config = readFileSync(join(DUKTAPE, "duk_config.h"), "utf8");
  writeFileSync(
    join(folder, "duk_config.h"),
    replaceOnce(config, "/* __OVERRIDE_DEFINES__ */", '#include "duk-overrides.h"'),
  );
}

/** Writes the program that starts in the module `entry` as C. Returns the file's path, relative to the project. */
export function generateProgram(entry) {
  const name = entry === SHIPPED_ENTRY ? "program" : `program-${basename(entry, ".ts")}`;
  const path = join(GENERATED, `${name}.c`);
  writeFileSync(path, programSource(bundleProgram(entry)));
  return relative(root, path);
}

/** Writes everything that is the same for all targets and programs. `variants` are the engine's that they have. */
export function generate(variants) {
  mkdirSync(GENERATED, { recursive: true });
  writeFileSync(join(GENERATED, "abi.h"), abiHeader());
  for (const name of variants) translate(name);
  adaptDuktape();
}
