// npm run build:tiny: the node as one static file per target, under dist/tiny/.
//
//   --all           every target (default: amd64, arm64, armv7, armv5)
//   --target NAME   one target; may be repeated
//   --with ENTRY    not the node, but a test program that starts in this module (see test-programs.mjs)
//   --install       get what the build needs and does not find

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root } from "../setup.mjs";
import { compile } from "./compile.mjs";
import { checkFile } from "./elf.mjs";
import { buildEngines } from "./engine.mjs";
import { generate } from "./generate.mjs";
import { SHIPPED_ENTRY } from "./program.mjs";
import { NATIVE_TARGET, TARGETS } from "./targets.mjs";
import { testProgramFile, testPrograms } from "./test-programs.mjs";
import { requireToolchain } from "./toolchain.mjs";

/** Where a target's file lies, relative to the project. */
export function targetFile(name) {
  return `dist/tiny/subnetra-linux-${name}`;
}

function chooseTargets(values) {
  if (values.all) return Object.keys(TARGETS);
  if (!values.target) return Object.keys(TARGETS).filter((name) => TARGETS[name].standard);
  const unknown = values.target.filter((name) => TARGETS[name] === undefined);
  if (unknown.length === 0) return values.target;
  console.error(`no such target: ${unknown.join(", ")} (there are ${Object.keys(TARGETS).join(", ")})`);
  process.exit(1);
}

/** Gets the toolchain, the engine's variants of these targets and the generated C ready. */
function prepare(names, installMissing) {
  requireToolchain({ installMissing });
  const variants = [...new Set(names.map((name) => TARGETS[name].engine))];
  buildEngines(variants);
  generate(variants);
}

/**
 * Builds these targets and checks each file. Ends this process when one is too large or not static.
 *
 * @param options.withTests a target for which the test programs are built as well
 */
export function buildTiny(names, { installMissing = false, withTests } = {}) {
  prepare(names, installMissing);
  let sound = true;
  for (const name of names) {
    const file = targetFile(name);
    const tests = name === withTests ? testPrograms(name) : [];
    const [size] = compile(name, TARGETS[name], [
      { entry: TARGETS[name].entry ?? SHIPPED_ENTRY, file },
      ...tests,
    ]);
    const faults = checkFile(join(root, file));
    console.log(`${file}  ${size} bytes${faults.map((fault) => `  ${fault}`).join("")}`);
    if (faults.length > 0) sound = false;
  }
  if (!sound) process.exit(1);
}

/**
 * Builds one program that is not shipped: the runtime and engine of a target with the module `entry` in place of
 * the daemon and the client. Returns the file's path, relative to the project.
 */
export function buildTinyWith(entry, target = NATIVE_TARGET) {
  prepare([target], false);
  const file = testProgramFile(entry, target);
  compile(target, TARGETS[target], [{ entry, file }]);
  return file;
}

/** The targets asked for on the command line, whether any were, and the options of buildTiny. */
export function readOptions() {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean" },
      target: { type: "string", multiple: true },
      install: { type: "boolean" },
      with: { type: "string" },
    },
  });
  const chosen = values.all === true || values.target !== undefined;
  return {
    names: chooseTargets(values),
    chosen,
    options: { installMissing: values.install === true },
    entry: values.with,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, chosen, options, entry } = readOptions();
  if (entry === undefined) buildTiny(names, options);
  else for (const target of chosen ? names : [NATIVE_TARGET]) console.log(buildTinyWith(entry, target));
}
