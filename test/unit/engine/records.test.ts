// scripts/check-records.mjs: the records of engine memory fit, and the check sees when they do not.

import assert from "node:assert/strict";
import { test } from "node:test";

const root = new URL("../../../../", import.meta.url);
const { checkRecords, recordProblems } = (await import(new URL("scripts/check-records.mjs", root).href)) as {
  checkRecords: () => string[];
  recordProblems: (source: string, prefix: string, size: string) => string[];
};

const problems = (lines: string[]): string[] =>
  recordProblems(["export const R_STRIDE = 16;", ...lines].join("\n"), "R", "R_STRIDE");

test("no two fields of the engine's records overlap, and each lies inside its record", () => {
  assert.deepEqual(checkRecords(), []);
});

test("fields that fit are fine", () => {
  const fitting = [
    "/** u32: one. */",
    "export const R_ONE = 0;",
    "export const R_LIKE_ONE = 4;",
    "/** UDP, 8 bytes: a. */",
    "export const R_A = 8;",
    "/** TUN, u16: b, in the same place. */",
    "export const R_B: usize = 10;",
  ];
  assert.deepEqual(problems(fitting), []);
});

test("an overlap, an end outside and a missing width are named", () => {
  const first = ["/** u64: one. */", "export const R_ONE = 0;"];
  assert.deepEqual(problems([...first, "/** u8: two. */", "export const R_TWO = 7;"]), [
    "R_TWO overlaps R_ONE",
  ]);
  assert.deepEqual(problems([...first, "/** u32: two. */", "export const R_TWO = 13;"]), [
    "R_TWO ends at 17, R_STRIDE is 16",
  ]);
  assert.deepEqual(problems([...first, "/** Two. */", "export const R_TWO = 8;"]), [
    "R_TWO: its comment does not begin with its width",
  ]);
  assert.deepEqual(
    problems(["/** UDP, u32: a. */", "export const R_A = 0;", "/** u32: b. */", "export const R_B = 2;"]),
    ["R_B overlaps R_A"],
  );
  assert.deepEqual(recordProblems("", "R", "R_STRIDE"), ["R_STRIDE is not declared"]);
});
