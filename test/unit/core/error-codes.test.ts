import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../../../", import.meta.url);

test("docs/errors.md is the table of the error codes", async () => {
  const { errorTable } = (await import(new URL("scripts/error-table.mjs", root).href)) as {
    errorTable: () => string;
  };
  const text = readFileSync(new URL("docs/errors.md", root), "utf8");
  assert.equal(text, errorTable(), "run node scripts/error-table.mjs");
});
