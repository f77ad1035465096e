import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ERROR_CODES } from "../../../src/core/error-codes.ts";

const root = new URL("../../../../", import.meta.url);

test("docs/errors.md is the table of the error codes", async () => {
  const { errorTable } = (await import(new URL("scripts/error-table.mjs", root).href)) as {
    errorTable: () => string;
  };
  const text = readFileSync(new URL("docs/errors.md", root), "utf8");
  assert.equal(text, errorTable(), "run node scripts/error-table.mjs");
});

test("every code of the table is reported somewhere", () => {
  const source = readdirSync(new URL("src", root), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith(".ts") && entry.name !== "error-codes.ts")
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, "utf8"))
    .join("\n");
  const silent = Object.keys(ERROR_CODES).filter((code) => !source.includes(`"${code}"`));
  // (That every reported code is in the table is checked by the compiler.)
  assert.deepEqual(silent, []);
});
