// Writes docs/counters.md and the counters' constants in src/engine/abi.ts from src/core/status/counters.ts. Run after
// a build; a test compares them.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { COUNTER_NAMES, COUNTER_NOTES } from "../dist/src/core/status/counters.js";

export const DOCUMENT = new URL("../docs/counters.md", import.meta.url);
export const ABI = new URL("../src/engine/abi.ts", import.meta.url);

const HEAD = `# Counters

Names as in \`subnetra status --json\`, in its order; the text form groups them. All begin at 0 when the daemon starts.
Written by \`node scripts/counter-table.mjs\`; do not edit.

| Counter | Meaning | When it grows |
|---|---|---|
`;

/** The document's text. */
export function counterTable() {
  return (
    HEAD +
    COUNTER_NAMES.map((name) => {
      const { meaning, remedy } = COUNTER_NOTES[name];
      return `| \`${name}\` | ${meaning} | ${remedy === "" ? "normal" : remedy} |\n`;
    }).join("")
  );
}

/** The text of abi.ts with its constants as the table has them. */
export function withConstants(abi) {
  const lines = COUNTER_NAMES.map((name, i) => `export const COUNTER_${name.toUpperCase()} = ${i};\n`);
  const block = `${lines.join("")}export const COUNTER_COUNT = ${COUNTER_NAMES.length};\n`;
  return abi.replace(/(?:export const COUNTER_\w+ = \d+;\n)+/, block);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(DOCUMENT, counterTable());
  writeFileSync(ABI, withConstants(readFileSync(ABI, "utf8")));
}
