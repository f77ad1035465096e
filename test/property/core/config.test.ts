// Random configurations, mostly near the valid ones, against an independent and slow reading of config.md.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FIELDS, PEER_FIELDS } from "../../../src/core/config/fields.ts";
import { checkSanity } from "../../../src/core/config/sanity.ts";
import { parseConfig } from "../../../src/core/config/values.ts";
import { isSubnetraError } from "../../../src/core/errors.ts";
import { DOCUMENT, document, PEER } from "../../support/core/config-documents.ts";
import { oracle } from "../../support/core/config-oracle.ts";
import { verdict } from "../../support/core/verdict.ts";

const RUNS = { numRuns: 10000 };

test("the generator knows every field of the tables", () => {
  const names = (table: { [property: string]: { name: string } }) => Object.values(table).map((f) => f.name);
  assert.deepEqual(Object.keys(DOCUMENT).sort(), [...names(FIELDS), "unknown"].sort());
  assert.deepEqual(Object.keys(PEER).sort(), [...names(PEER_FIELDS), "extra"].sort());
});

/** The same document as text in which some numbers are written in other ways. */
const text = fc.tuple(document, fc.nat(40)).map(([value, style]) => {
  const plain = JSON.stringify(value);
  if (style === 0) return plain.replace(/:(\d+)/, ":$1.0");
  if (style === 1) return plain.replace(/:(\d+)/, ":0$1");
  if (style === 2) return plain.replace(/:(\d+)/, ":$1e0");
  if (style === 3) return plain.replace(/:(\d+)/, ":-$1");
  if (style === 4) return plain.replace("{", '{"role":"hub",');
  if (style === 5) return plain.replace("{", '{"__proto__":{"peers":[]},');
  return plain;
});

test("a configuration is judged as config.md judges it", () => {
  const seen: { [code: string]: number } = {};
  fc.assert(
    fc.property(text, (t) => {
      const bytes = Buffer.from(t);
      const code = verdict(bytes);
      seen[code] = (seen[code] ?? 0) + 1;
      const expected = oracle(t);
      // Documents are read in one pass, so a wrong value may come before the place where the syntax breaks.
      if (expected === "SyntaxError") assert.notEqual(code, "ok", t);
      else assert.equal(code, expected, t);
    }),
    { numRuns: 10000 },
  );
  // The generator must reach the interesting outcomes, or the test says nothing.
  for (const code of [
    "ok",
    "InvalidPsk",
    "DuplicatePsk",
    "HubAllowedSrcOverlap",
    "SpokeNeedsOneHub",
    "UnexpectedToken",
    "Overflow",
    "InvalidNumber",
    "SyntaxError",
    "DuplicateField",
    "DuplicateEndpoint",
    "DuplicateId",
    "TooManyRoutes",
    "InvalidAllowedSrc",
    "InvalidEndpointHost",
    "InvalidReplayWindow",
  ]) {
    assert.ok((seen[code] ?? 0) > 0, `${code} was never reached: ${JSON.stringify(seen)}`);
  }
});

test("bytes mutated at random never crash and never pass what the oracle refuses", () => {
  const edit = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 2 }) });
  fc.assert(
    fc.property(document, fc.array(edit, { minLength: 1, maxLength: 3 }), (value, edits) => {
      let bytes = Buffer.from(JSON.stringify(value));
      for (const e of edits) {
        const at = e.at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), e.insert, bytes.subarray(at + e.remove)]);
      }
      if (verdict(bytes) === "ok") assert.equal(oracle(bytes.toString()), "ok", bytes.toString());
    }),
    RUNS,
  );
});

test("no error text holds key material", () => {
  fc.assert(
    fc.property(text, (t) => {
      const bytes = Buffer.from(t);
      try {
        checkSanity(parseConfig(bytes, bytes.length));
      } catch (error) {
        if (!isSubnetraError(error)) throw error;
        assert.doesNotMatch(`${error.message}${error.detail}${error.remedy}`, /[0-9a-f]{16}/i);
      }
    }),
    RUNS,
  );
});
