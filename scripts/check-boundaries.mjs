// Checks that imports point one way: apps → platform → core → engine (docs/architecture.md), that what ships imports
// nothing that does not, and that no kind of tests imports another.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const IMPORT = /(?<![\w"'-])(?:from|import)\s*\(?\s*["']([^"']+)["']/g;
/** In tests, whose texts hold such words too: statements at the start of a line, and relative dynamic imports. */
const TEST_IMPORT =
  /^(?:import|export)\b(?:[^"'`;=()]*\bfrom\s*|\s*)["']([^"']+)["']|\bimport\("(\.[^"]+)"\)/gm;
const ENGINE_CONTRACT = /^src\/engine\/(abi|exports)\.ts$/;

const TEST_PACKAGES = /^(node:|koffi$|fast-check$|publint$|ajv\/|@noble\/|@arethetypeswrong\/)/;
const TEST_KINDS = readdirSync(join(root, "test")).filter((name) => !/^(support|vectors)$/.test(name));

/** Per part of the source: which project files it may import, and whether it may import packages. First match rules. */
const RULES = [
  {
    part: /^src\/engine\/assembly\//,
    files: [/^src\/engine\/assembly\//, /^src\/engine\/abi$/],
    packages: null,
  },
  { part: /^src\/engine\//, files: [/^src\/engine\/(?!assembly\/)/], packages: /^node:fs$/ },
  { part: /^src\/core\//, files: [/^src\/core\//, ENGINE_CONTRACT], packages: null },
  { part: /^src\/platform\/sim\//, files: [/^src\/(core|engine|platform\/sim)\//], packages: /^node:/ },
  {
    part: /^src\/platform\/nodejs\//,
    files: [/^src\/(core|engine|platform\/nodejs)\//],
    packages: /^(node:|koffi$)/,
  },
  { part: /^src\/platform\/tiny\//, files: [/^src\/(core|engine|platform\/tiny)\//], packages: null },
  { part: /^src\/apps\//, files: [/^src\/(?!platform\/sim\/)/], packages: /^node:/ },
  { part: /^src\/[^/]+\.ts$/, files: [/^src\/(?!platform\/sim\/)/], packages: /^node:/ },
  { part: /^lab\//, files: [/^lab\//], packages: /^node:/ },
  { part: /^(bench|demo)\//, files: [/^(bench|demo|lab|src)\//], packages: /^node:/ },
  {
    part: /^test\/support\/kat\/assembly\//,
    files: [/^test\/support\/kat\/assembly\//, /^src\/engine\//],
    packages: null,
  },
  { part: /^test\/support\//, files: [/^(test\/support|lab|src)\//], packages: TEST_PACKAGES },
  // A kind of tests shares nothing with another but through test/support.
  ...TEST_KINDS.map((kind) => ({
    part: new RegExp(`^test/${kind}/`),
    files: [new RegExp(`^(test/(support|${kind})|lab|src)/`)],
    packages: TEST_PACKAGES,
  })),
];

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Comments may hold the word import. */
function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** Complaints about one file. `file` is relative to the root, with forward slashes. */
export function violations(file, text) {
  const rule = RULES.find(({ part }) => part.test(file));
  if (rule === undefined) return [`${file}: no rule says what this folder may import`];
  const found = [];
  for (const [, first, second] of withoutComments(text).matchAll(
    file.startsWith("test/") ? TEST_IMPORT : IMPORT,
  )) {
    const target = first ?? second;
    if (target.startsWith(".")) {
      const path = relative(root, resolve(root, dirname(file), target))
        .split(sep)
        .join("/");
      if (!rule.files.some((allowed) => allowed.test(path))) found.push(`${file}: may not import ${path}`);
    } else if (!rule.packages?.test(target)) {
      found.push(`${file}: may not import ${target}`);
    }
  }
  return found;
}

function main() {
  const files = ["src", "lab", "bench", "demo", "test"].flatMap((folder) => sources(join(root, folder)));
  const found = files.flatMap((path) =>
    violations(relative(root, path).split(sep).join("/"), readFileSync(path, "utf8")),
  );
  for (const line of found) console.error(line);
  console.log(`boundaries: ${files.length} files, ${found.length} violation(s)`);
  process.exit(found.length === 0 ? 0 : 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
