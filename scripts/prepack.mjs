// Run by `npm pack` and `npm publish`: makes dist/lib, the compiled code of the package, from the three entries that
// it has, so that nothing gets in which they do not import. Declarations are kept for the programming interface.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { buildIfStale } from "./build.mjs";
import { bundleClient } from "./bundle-client.mjs";
import { root, run } from "./setup.mjs";

const LIB = join(root, "dist/lib");

/** The declaration files that `entry` reaches. */
function reached(entry, found = new Set()) {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const [, target] of readFileSync(entry, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g))
    reached(resolve(dirname(entry), target.replace(/\.[jt]s$/, ".d.ts")), found);
  return found;
}

buildIfStale();
rmSync(LIB, { recursive: true, force: true });
run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.package.json"]);
bundleClient("dist/lib");
const declared = reached(join(LIB, "index.d.ts"));
for (const name of readdirSync(LIB, { recursive: true })) {
  const path = join(LIB, name);
  if (!name.endsWith(".d.ts")) continue;
  if (!declared.has(path)) rmSync(path);
  // The compiler leaves the extensions of the sources in declarations.
  else writeFileSync(path, readFileSync(path, "utf8").replace(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
}
mkdirSync(join(LIB, "engine"), { recursive: true });
for (const variant of ["plain", "simd"]) {
  const module = `engine/engine-${variant}.wasm`;
  copyFileSync(join(root, "dist/src", module), join(LIB, module));
}
