import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../../../", import.meta.url);

test("the engine's constants and docs/counters.md are those of the counters' table", async () => {
  const script = (await import(new URL("scripts/counter-table.mjs", root).href)) as {
    counterTable: () => string;
    withConstants: (abi: string) => string;
    DOCUMENT: URL;
    ABI: URL;
  };
  assert.equal(
    readFileSync(script.DOCUMENT, "utf8"),
    script.counterTable(),
    "run node scripts/counter-table.mjs",
  );
  const abi = readFileSync(script.ABI, "utf8");
  assert.equal(abi, script.withConstants(abi), "run node scripts/counter-table.mjs");
});
