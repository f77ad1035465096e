// Writes docs/config.schema.json and docs/config-fields.md from src/core/config/fields.ts. Run after a build; a test
// compares them.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FIELD_NOTES, FIELDS, PEER_FIELD_NOTES, PEER_FIELDS } from "../dist/src/core/config/fields.js";
import * as kinds from "../dist/src/core/config/kinds.js";
import { DEFAULT_PEERS, DEFAULT_RULES } from "../dist/src/engine/abi.js";

export const SCHEMA_FILE = new URL("../docs/config.schema.json", import.meta.url);
export const TABLE_FILE = new URL("../docs/config-fields.md", import.meta.url);

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const ADDRESS = `(${OCTET}\\.){3}${OCTET}`;
const CIDR = `${ADDRESS}/(3[0-2]|[12]?[0-9])`;
const PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{1,3}|[1-9])";
const LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const TOP = "[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const HOST = `(?=[^:]{1,253}:)(${LABEL}\\.)*${TOP}\\.?`;
const integer = (minimum, maximum) => ({ type: "integer", minimum, maximum });
const matching = (pattern) => ({ type: "string", pattern: `^${pattern}$` });
const orNull = (schema) => ({ ...schema, type: [schema.type, "null"] });
const port = integer(1, 65535);

/** Per kind: its name in the table, and its JSON Schema. */
const KINDS = new Map([
  [kinds.U8, ["u8", integer(0, 255)]],
  [kinds.U16, ["u16", integer(0, 65535)]],
  [kinds.U32, ["u32", integer(0, 4294967295)]],
  [kinds.U32_OR_NULL, ["u32 or null", orNull(integer(0, 4294967295))]],
  [kinds.BOOL, ["bool", { type: "boolean" }]],
  [kinds.LOG, ["string", { type: "string", enum: ["events", "quiet"] }]],
  [kinds.ROLE, ["string", { type: "string", enum: ["manual", "hub", "spoke"] }]],
  [kinds.CIDR, ["CIDR", matching(CIDR)]],
  [kinds.CIDR_OR_EMPTY, ["CIDR or empty", matching(`(${CIDR})?`)]],
  [
    kinds.SOURCES,
    [
      "CIDR, or array of CIDR",
      { anyOf: [matching(CIDR), { type: "array", minItems: 1, maxItems: 16, items: matching(CIDR) }] },
    ],
  ],
  [kinds.HOST_AND_PORT, ["name:port", { ...matching(`${HOST}:${PORT}`), maxLength: 259 }]],
  [kinds.WINDOW, ["u32", { type: "integer", enum: [64, 128, 256, 512, 1024, 2048, 4096, 8192] }]],
  [kinds.ROUTES, ["array of CIDR", { type: "array", maxItems: 8, items: matching(CIDR) }]],
  [
    kinds.PORTS,
    [
      "array of u16, or null",
      { type: ["array", "null"], minItems: 1, maxItems: 8, uniqueItems: true, items: port },
    ],
  ],
  [kinds.SINGLE_PORT, ["u16 or null", orNull(integer(0, 65535))]],
  [kinds.FILE, ["path", { type: "string", minLength: 1, maxLength: 4095 }]],
  [kinds.ENDPOINT, ["IPv4:port, or dynamic", matching(`(${ADDRESS}:${PORT}|dynamic)`)]],
  [kinds.LABEL, ["string", matching("[ -~]{0,32}")]],
  [kinds.REMOVED_KEY, ["string", { type: "string", maxLength: 0 }]],
  [kinds.KEY, ["64 hex digits", matching("(?!0{64}$)[0-9a-fA-F]{64}")]],
  [FIELDS.maxPeers.kind, ["u32", { type: "integer" }]],
  [FIELDS.maxRules.kind, ["u32", { type: "integer" }]],
  [FIELDS.peers.kind, ["array of objects", null]],
]);

function schemaOf(table, notes) {
  const properties = {};
  for (const [property, { name, kind }] of Object.entries(table)) {
    const { meaning, min, max } = notes[property];
    const of = KINDS.get(kind)[1] ?? { type: "array", minItems: 1, items: peerSchema() };
    const range =
      min === undefined || of.enum || of.type === "array" || Array.isArray(of.type)
        ? {}
        : { minimum: min, maximum: max };
    properties[name] = { description: meaning, ...of, ...range };
  }
  return { type: "object", properties };
}

function peerSchema() {
  return { ...schemaOf(PEER_FIELDS, PEER_FIELD_NOTES), required: ["id", "endpoint", "psk"] };
}

/** What is asked of a spoke besides: one hub at a known address, and something of its own. */
const SPOKE_RULES = {
  if: { properties: { role: { const: "spoke" } }, required: ["role"] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
  then: {
    properties: {
      peers: { maxItems: 1, items: { properties: { endpoint: { not: { const: "dynamic" } } } } },
    },
    anyOf: [
      { properties: { local_tun_ip: { minLength: 1 } }, required: ["local_tun_ip"] },
      { properties: { local_routes: { minItems: 1 } }, required: ["local_routes"] },
    ],
  },
};

/** A single port counts only where there is no list of them. */
const PORT_RULES = {
  anyOf: [
    { properties: { listen_ports: { type: "array" } }, required: ["listen_ports"] },
    { properties: { listen_port: { minimum: 1 } } },
  ],
};

/** The JSON Schema, as text: what can be said about each field alone, about a spoke, and about ports. */
export function configSchema() {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Subnetra configuration",
    ...schemaOf(FIELDS, FIELD_NOTES),
    required: ["local_id", "peers"],
    allOf: [SPOKE_RULES, PORT_RULES],
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Defaults that the kind knows. */
const CAPACITIES = new Map([
  [FIELDS.maxPeers, DEFAULT_PEERS],
  [FIELDS.maxRules, DEFAULT_RULES],
]);

function rows(table, notes) {
  return Object.entries(table)
    .map(([property, field]) => {
      const { name, kind, absent } = field;
      const { meaning, fallback, min, max, errors, ours } = notes[property];
      const value =
        fallback ?? CAPACITIES.get(field) ?? (absent === null ? "unset" : `\`${JSON.stringify(absent)}\``);
      const range = min === undefined ? "" : `, ${min}–${max}`;
      const names = errors.map((error) => `\`${error}\``).join(", ");
      return `| \`${name}\`${ours ? "¹" : ""} | ${KINDS.get(kind)[0]}${range} | ${value} | ${meaning} | ${names} |\n`;
    })
    .join("");
}

const COLUMNS = "| Field | Type | Default | Meaning | Errors |\n|---|---|---|---|---|\n";

/** The table of fields, as Markdown. */
export function fieldTable() {
  return `# Fields of the configuration

In the order in which values are judged. docs/config.schema.json says the same to editors. Written by
\`node scripts/config-schema.mjs\`; do not edit.

${COLUMNS}${rows(FIELDS, FIELD_NOTES)}
Each of \`peers\`:

${COLUMNS}${rows(PEER_FIELDS, PEER_FIELD_NOTES)}
¹ Not in the reference implementation, which ignores the field.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(SCHEMA_FILE, configSchema());
  writeFileSync(TABLE_FILE, fieldTable());
}
