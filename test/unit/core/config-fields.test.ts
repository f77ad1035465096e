import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FIELD_NOTES, FIELDS, PEER_FIELD_NOTES, PEER_FIELDS } from "../../../src/core/config/fields.ts";
import { parseConfig } from "../../../src/core/config/values.ts";
import { ERROR_CODES } from "../../../src/core/error-codes.ts";
import { isSubnetraError } from "../../../src/core/errors.ts";

const root = new URL("../../../../", import.meta.url);

test("docs/config.schema.json and docs/config-fields.md are those of the table", async () => {
  const script = (await import(new URL("scripts/config-schema.mjs", root).href)) as {
    configSchema: () => string;
    fieldTable: () => string;
    SCHEMA_FILE: URL;
    TABLE_FILE: URL;
  };
  const hint = "run node scripts/config-schema.mjs";
  assert.equal(readFileSync(script.SCHEMA_FILE, "utf8"), script.configSchema(), hint);
  assert.equal(readFileSync(script.TABLE_FILE, "utf8"), script.fieldTable(), hint);
});

test("the notes name errors that exist, and every field of both tables", () => {
  for (const note of [...Object.values(FIELD_NOTES), ...Object.values(PEER_FIELD_NOTES)]) {
    for (const error of note.errors) assert.ok(Object.hasOwn(ERROR_CODES, error), error);
  }
  assert.deepEqual(Object.keys(FIELD_NOTES), Object.keys(FIELDS));
  assert.deepEqual(Object.keys(PEER_FIELD_NOTES), Object.keys(PEER_FIELDS));
});

/** The code a document is refused with, or "ok". */
function refusal(text: string): string {
  try {
    parseConfig(Buffer.from(text), text.length);
  } catch (error) {
    if (isSubnetraError(error)) return error.code;
    throw error;
  }
  return "ok";
}

test("a field given twice is found wherever it stands in the table", () => {
  const values: { [name: string]: string } = {
    role: '"hub"',
    virtual_subnet: '"10.0.0.0/24"',
    local_tun_ip: '""',
    listen_ports: "[1]",
    peers: "[]",
    local_routes: "[]",
    remote_routes: "[]",
    policy_file: '"x"',
    obfuscate: "true",
    match_src: "false",
    replay_window: "64",
    log: '"quiet"',
    psk: '""',
  };
  for (const { name } of Object.values(FIELDS)) {
    const one = `"${name}":${values[name] ?? "1"}`;
    assert.equal(refusal(`{${one}}`), "ok", name);
    assert.equal(refusal(`{${one},"x":0,${one}}`), "DuplicateField", name);
  }
});

test("names of Object.prototype are no fields", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assert.equal(refusal(`{"${name}":{"peers":1},"${name}":2}`), "ok");
  }
});
