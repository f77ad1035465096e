// docs/spec names what the program has: every error, counter, configuration field and environment variable, and the
// numbers that another implementation needs. It says nothing about what the sentences around them say.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../../lab/project.ts";
import { ERROR_CODES } from "../../../src/core/error-codes.ts";
import * as limits from "../../../src/core/limits.ts";
import * as abi from "../../../src/engine/abi.ts";

const folder = join(root, "docs/spec");
const documents: { readonly [name: string]: string } = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
);
const all = Object.values(documents).join("\n");

function sources(place: string): string[] {
  return readdirSync(join(root, place), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|c)$/.test(name))
    .map((name) => readFileSync(join(root, place, name), "utf8"));
}

test("every error code is named", () => {
  const missing = Object.keys(ERROR_CODES).filter((code) => !new RegExp(`\\b${code}\\b`).test(all));
  assert.deepEqual(missing, []);
});

test("every counter is named, in order", () => {
  const names = Object.entries(abi)
    .filter(([name]) => name.startsWith("COUNTER_") && name !== "COUNTER_COUNT")
    .sort(([, a], [, b]) => a - b)
    .map(([name]) => name.slice("COUNTER_".length).toLowerCase());
  assert.equal(names.length, abi.COUNTER_COUNT);
  const text = documents["control-protocol.md"]!.split("## 7.")[1]!;
  const places = names.map((name) => text.indexOf(`\`${name}\``));
  assert.ok(!places.includes(-1), names[places.indexOf(-1)]);
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  );
});

test("every environment variable is named", () => {
  // Quoted names are those that are read; C's include guards are not.
  const found = [
    ...sources("src/core"),
    ...sources("src/platform/nodejs"),
    ...sources("src/platform/tiny"),
    ...sources("src/apps"),
  ].flatMap((text) => [...text.matchAll(/"(SUBNETRA_[A-Z_]+)"/g)].map((match) => match[1]!));
  assert.ok(found.length > 3);
  for (const name of new Set(found)) assert.ok(all.includes(name), name);
});

/** Per document the numbers it must name, as they are written there. */
const NUMBERS: { readonly [name: string]: readonly number[] } = {
  "wire-protocol.md": [
    abi.WIRE_VERSION,
    abi.HEADER_LENGTH,
    abi.TAG_LENGTH,
    abi.KEY_LENGTH,
    abi.MAX_PLAINTEXT,
    abi.MAX_DATAGRAM,
    abi.SCAN_BUDGET,
    abi.TRIALS_PER_SECOND,
    abi.TRIAL_BURST,
    abi.OWN_TRIALS,
    abi.MAX_MESH_ID,
  ],
  "control-protocol.md": [
    limits.MAX_DAEMON_SOCKET,
    limits.MAX_SOCKET_LINUX,
    limits.MAX_SOCKET_MACOS,
    limits.CONTROL_BURST,
    limits.CONTROL_BUDGET_MS,
    limits.CONTROL_PIECE,
    limits.UPLOAD_LIFE_MS / 1000,
    limits.MAX_POLICY_REPLY,
    limits.MAX_STATUS_PAGE,
    limits.MAX_REQUEST,
    limits.MAX_COMMAND,
    abi.ONLINE_SECONDS,
  ],
  "config.md": [
    limits.DEFAULT_MTU,
    limits.MIN_MTU,
    limits.MAX_MTU,
    limits.MAX_ROUTES,
    limits.MAX_LISTEN_PORTS,
    limits.MAX_NAME_LENGTH,
    limits.MAX_PATH,
    limits.MAX_CONFIG_LENGTH,
    limits.CONFIG_BYTES_PER_PEER,
    abi.DEFAULT_PEERS,
    abi.LIMIT_PEERS,
    abi.DEFAULT_RULES,
    abi.LIMIT_RULES,
    abi.SCRATCH_LENGTH,
  ],
  "os-backends.md": [
    abi.TUN_READ_PLAIN,
    abi.TUN_READ_OFFLOAD,
    abi.VNET_LENGTH,
    abi.MAX_MESSAGES,
    abi.MAX_PIECES,
    abi.MAX_RUN,
    abi.DEFAULT_RX_BUFFERS,
  ],
  "daemon-cli.md": [abi.DEFAULT_RX_BUFFERS, abi.MAX_TUN_PACKETS],
};

for (const [name, numbers] of Object.entries(NUMBERS)) {
  test(`${name} names the program's numbers`, () => {
    const plain = documents[name]!.replace(/(\d),(?=\d{3})/g, "$1");
    for (const number of numbers) assert.match(plain, new RegExp(`(?<!\\d)${number}(?!\\d)`), String(number));
  });
}
