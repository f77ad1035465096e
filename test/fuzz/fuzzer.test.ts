// The fuzzer itself: it finds what is planted, by coverage and not by chance, and makes the input short.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz, shorten } from "../support/fuzz/fuzzer.ts";
import { planted } from "../support/fuzz/planted.ts";

const RUNS = 40_000;

test("a defect behind five conditions is found, and its input cut to what matters", () => {
  const { finding } = fuzz(planted, [], 1, { runs: RUNS });
  assert.match(String(finding?.error), /planted/);
  assert.equal(Buffer.from(shorten(planted, finding!.input)).toString(), "<k=7>");
});

test("without coverage it is not", () => {
  const { covers: _, ...blind } = planted;
  assert.equal(fuzz(blind, [], 1, { runs: RUNS / 2 }).finding, null);
});
