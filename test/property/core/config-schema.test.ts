// The JSON Schema for editors and the validator say the same of random documents, as far as a schema can: what one field is, what
// a spoke needs, and which port counts. What else several fields are together, only the validator knows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { root } from "../../../lab/project.ts";
import { document } from "../../support/core/config-documents.ts";
import { verdict } from "../../support/core/verdict.ts";

/** Errors about fields together: the schema has nothing to say of them. */
const TOGETHER = new Set([
  "DuplicateEndpoint",
  "DuplicateId",
  "DuplicatePsk",
  "HubAllowedSrcOverlap",
  "HubPeerNeedsAllowedSrc",
  "SelfReference",
  "SpokeLocalRouteTooBroad",
  "TooManyPeers",
]);

const schema = JSON.parse(readFileSync(join(root, "docs/config.schema.json"), "utf8")) as object;
const valid = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
  strictRequired: false,
}).compile(schema);

test("the schema and the validator agree on random documents", () => {
  const seen = { good: 0, wrong: 0, together: 0 };
  fc.assert(
    fc.property(document, (value) => {
      const text = JSON.stringify(value);
      const code = verdict(Buffer.from(text));
      const fits = valid(JSON.parse(text));
      if (fits) {
        if (code === "ok") seen.good++;
        else seen.together++;
        assert.ok(code === "ok" || TOGETHER.has(code), `${code}, the schema accepts ${text}`);
      } else {
        seen.wrong++;
        assert.notEqual(code, "ok", `${JSON.stringify(valid.errors?.[0])} in ${text}`);
      }
    }),
    { numRuns: 10000 },
  );
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 100, `${kind}: ${count} documents`);
});
