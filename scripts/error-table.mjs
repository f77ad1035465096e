// Writes docs/errors.md from src/core/error-codes.ts. Run after a build; a test compares the two.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ERROR_CODES } from "../dist/src/core/error-codes.js";

const HEAD = `# Error codes

The codes are stable names: they stand on the first line of a failure or on a line of their own below it, and the next
line names the place and the remedy. Written by \`node scripts/error-table.mjs\`; do not edit.

| Code | Meaning | Remedy |
|---|---|---|
`;
const FOOT = "\n¹ Not in the reference implementation.\n";

/** The file's text. */
export function errorTable() {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { meaning, remedy, ours }]) => `| \`${code}\`${ours ? "¹" : ""} | ${meaning} | ${remedy} |\n`,
  );
  return HEAD + rows.join("") + FOOT;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL("../docs/errors.md", import.meta.url), errorTable());
