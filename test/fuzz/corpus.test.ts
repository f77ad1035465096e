// Every input of the corpus through its target: what the fuzzer found interesting, and what once was a defect.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readCorpus } from "../support/fuzz/corpus.ts";
import { judge } from "../support/fuzz/fuzzer.ts";
import { TARGETS } from "../support/fuzz/targets.ts";

for (const target of TARGETS) {
  describe(`corpus: ${target.name}`, () => {
    const files = readCorpus(target.name);
    test("is there, and its files are small", () => {
      assert.ok(files.length > 0);
      for (const { name, input } of files) assert.ok(input.length <= 4096, name);
    });
    test(`${files.length} inputs show no defect`, () => {
      for (const { name, input } of files) {
        try {
          for (const _ of judge(target, input));
        } catch (error) {
          throw new Error(`test/fuzz/corpus/${target.name}/${name}: ${error}`, { cause: error });
        }
      }
    });
  });
}
