// Finds citations of documents and sections that do not exist: `wire-protocol.md §9`, `config.md §1–§4`, `spec/policy.md`.
//
//   node scripts/check-citations.mjs [FOLDER]     exits 1 and lists them, one per line
//
// A citation is the name of a Markdown file and the section numbers that follow it. The file must lie beside the citing
// one, in docs/ or docs/spec/, or at the top; a section is a heading that starts with its number. A number followed by
// "." and another one (`§5.7`) is an item of a list inside the section. A bare `§9` must be a section of some document
// that the same file cites, or of the document itself; sections of RFCs and the like are left alone.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What is searched. */
const PLACES = ["src", "lab", "bench", "demo", "test", "scripts", "deploy", "docs", "web", ".ci", ".github"];
const FILES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
const TEXT = /\.(ts|mjs|js|c|h|md|json|service|init|sh|ya?ml)$|\/run$/;
/** This check and its test are about citations that lead nowhere. */
const EXEMPT = /check-citations\.mjs$|\/citations\.test\.ts$/;
/** A file name, then sections with what may stand between them: the prefix of a comment's next line, too. */
const BREAK = String.raw`\s+(?:(?://|\*|#)\s*)?`;
const SECTION = String.raw`§\d+(?:\.\d+)*`;
const CITATION = new RegExp(
  String.raw`([\w./-]*[\w-]\.md)\b((?:[)\x60]*,?${BREAK}${SECTION}(?:(?:,|${BREAK}and|${BREAK}to|\s*[–-])\s*${SECTION})*)?)`,
  "g",
);
/** In front of a section of somebody else's document, or of the end of an address. */
const FOREIGN = /(RFC \d+|FIPS [\d-]+|POSIX|virtio)[^\n]{0,30}$/;
const ADDRESS = /[a-z]+:\/\/\S*$/;

function* walk(place) {
  if (!existsSync(place)) return;
  if (statSync(place).isFile()) {
    yield place;
    return;
  }
  for (const name of readdirSync(place).sort()) {
    if (name !== "node_modules" && name !== "vectors" && name !== "corpus") yield* walk(join(place, name));
  }
}

/** Sections of a document: the numbers its headings start with. */
function readSections(path) {
  const sections = new Set();
  let fenced = false;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("```")) fenced = !fenced;
    const heading = fenced ? null : /^#{1,6}\s+(\d+)\.?\s/.exec(line);
    if (heading) sections.add(heading[1]);
  }
  return sections;
}

/** Every citation in the tree at `folder` that leads nowhere, as "file:line: what is missing". */
export function brokenCitations(folder) {
  const broken = [];
  const known = new Map();
  const sectionsOf = (path) => {
    if (!known.has(path)) known.set(path, readSections(path));
    return known.get(path);
  };
  for (const place of [...PLACES, ...FILES]) {
    for (const file of walk(join(folder, place))) {
      if (TEXT.test(file) && !EXEMPT.test(file)) checkFile(folder, file, sectionsOf, broken);
    }
  }
  return broken;
}

function checkFile(folder, file, sectionsOf, broken) {
  const text = readFileSync(file, "utf8");
  const report = (at, what) =>
    broken.push(`${relative(folder, file)}:${text.slice(0, at).split("\n").length}: ${what}`);
  const cited = new Set(file.endsWith(".md") ? [file] : []);
  // Whole citations are blanked, so that what is left of "§" is bare.
  const rest = text.replace(CITATION, (whole, name, tail, at) => {
    const before = text.slice(Math.max(0, at - 200), at);
    if (ADDRESS.test(before) || /[*}]$/.test(before)) return " ".repeat(whole.length);
    const places = [dirname(file), folder, join(folder, "docs"), join(folder, "docs/spec")];
    // Tests name files from where they run, in dist/.
    const names = [name, name.replace(/^(\.\.\/)+/, "")];
    const paths = names.flatMap((each) => places.map((place) => join(place, each)));
    const path = paths.find((candidate) => existsSync(candidate));
    if (path === undefined) report(at, `${name} does not exist`);
    else {
      cited.add(path);
      for (const [, number] of tail.matchAll(/§(\d+)/g))
        if (!sectionsOf(path).has(number)) report(at, `${name} has no §${number}`);
    }
    return " ".repeat(whole.length);
  });
  for (const { 1: number, index } of rest.matchAll(/§(\d+)/g)) {
    if (FOREIGN.test(rest.slice(Math.max(0, index - 60), index))) continue;
    if (![...cited].some((path) => sectionsOf(path).has(number)))
      report(index, `§${number} is in none of the documents this file cites`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = brokenCitations(process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url))));
  for (const line of broken) console.error(line);
  if (broken.length > 0) process.exitCode = 1;
  else console.log("citations: every document and section exists");
}
