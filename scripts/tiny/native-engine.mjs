// Compiles the engine's "native" variant: the AEAD's functions are imports. The argument is the module to write,
// relative to the project.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { ASC_FLAGS } from "../build.mjs";
import { root } from "../setup.mjs";

const ASSEMBLY = "src/engine/assembly";

/** Reads a source for the compiler; null when there is no such file. The AEAD's file is replaced by its imports. */
function readFile(name, folder) {
  const file = name === `${ASSEMBLY}/crypto/aead.ts` ? `${ASSEMBLY}/crypto/aead-native.ts` : name;
  const path = join(root, folder, file);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

const options = ["--baseDir", ".", "--outFile", process.argv[2]];
const { error, stderr } = await asc.main([`${ASSEMBLY}/index.ts`, ...ASC_FLAGS, ...options], { readFile });
if (error) {
  console.error(`AssemblyScript: ${stderr}`);
  process.exitCode = 1;
}
