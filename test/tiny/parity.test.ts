// The tiny build judges, says and prints what the Node.js build does: the same core, run by Duktape and by V8.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { builds, chooseBuilds } from "../../lab/project.ts";
import { ERROR_CODES } from "../../src/core/error-codes.ts";
import { loadEngine } from "../../src/engine/load.ts";
import { checkMany } from "../support/tiny/check-many.ts";
import { documents } from "../support/tiny/documents.ts";
import { MemorySys } from "../support/tiny/memory-sys.ts";
import { run, skipWithout, skipWithoutProgram, testProgram, tiny, withFolder } from "../support/tiny/tiny.ts";

const RANDOM_DOCUMENTS = Number(process.env.SUBNETRA_PARITY_DOCUMENTS ?? 4000);
const skip = skipWithout("amd64");

/** The documents in the form that check-many reads. */
function framed(list: readonly Buffer[]): Buffer {
  return Buffer.concat(list.flatMap((document) => [Buffer.from(`${document.length}\n`), document]));
}

/** What core says under V8. */
function judgedByNode(input: Buffer): string[] {
  const engine = loadEngine();
  const sys = new MemorySys(engine, input);
  assert.equal(checkMany({ engine, sys }), 0);
  return sys.printed.join("").split("\n");
}

function judgedByTiny(input: Buffer): string[] {
  const result = run([testProgram("check-many")], { input, timeout: 600000, encoding: "latin1" });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.split("\n");
}

test(`the error table and ${RANDOM_DOCUMENTS} random documents are judged alike`, {
  skip: skipWithoutProgram("check-many"),
  timeout: 900000,
}, () => {
  const list = documents(RANDOM_DOCUMENTS, 20260131);
  const input = framed(list);
  const node = judgedByNode(input);
  const here = judgedByTiny(input);
  assert.equal(node.length, list.length + 1);
  const seen = new Set<string>();
  for (let i = 0; i < node.length; i++) {
    assert.equal(here[i], node[i], `document ${i}: ${list[i]?.toString("latin1").slice(0, 400)}`);
    seen.add(/failed(?: \([^)]*\))?: (\w+)/.exec(node[i]!)?.[1] ?? node[i]!.slice(0, 1));
  }
  const never = NAMES.filter((name) => !seen.has(name));
  assert.deepEqual(never, [], "every name of config.md occurred");
  assert.ok(seen.has("0"), "some were accepted");
});

/** The names of config.md §2–§6 that a document alone can cause. */
const NAMES = Object.keys(ERROR_CODES)
  .slice(
    Object.keys(ERROR_CODES).indexOf("SyntaxError"),
    Object.keys(ERROR_CODES).indexOf("DuplicateEndpoint") + 1,
  )
  .filter((name) => name !== "SubnetOverlap");

const COMMANDS: readonly (readonly [program: "daemon" | "client", args: readonly string[]])[] = [
  ["daemon", ["--help"]],
  ["daemon", ["--version"]],
  ["daemon", ["--nonsense"]],
  ["daemon", ["--config"]],
  ["daemon", ["--config", "/nonexistent"]],
  ["daemon", ["--config", "/proc"]],
  ["daemon", ["--check", "--config", "CONFIG"]],
  ["daemon", ["--print-network-plan", "--config", "CONFIG"]],
  ["daemon", ["--print-network-plan", "--path-mtu", "1420", "--dialect", "macos", "--config", "CONFIG"]],
  ["daemon", ["--print-network-plan", "--path-mtu", "x", "--config", "CONFIG"]],
  ["client", ["--help"]],
  ["client", ["--version"]],
  ["client", []],
  ["client", ["nonsense"]],
  ["client", ["policy", "add", "--src", "1.2.3.4"]],
  ["client", ["policy", "add", "--src", "0.0.0.0/0", "--dst", "1.2.3.4/32", "--action", "forward"]],
  ["client", ["policy", "add", "--src", "0.0.0.0/0", "--dst", "1.2.3.4/32"]],
  ["client", ["policy", "del"]],
  ["client", ["policy", "test", "1.2.3.4", "x"]],
  ["client", ["policy", "upload", "1", "commit"]],
  ["client", ["policy", "replace"]],
  ["client", ["policy", "replace", "/nonexistent"]],
  ["client", ["policy", "replace", "/proc"]],
  ["client", ["policy", "replace", "CONFIG"]],
  ["client", ["policy", "replace", "/dev/null"]],
  ["client", ["policy", "replace", "-"]],
  ["client", ["status"]],
  ["client", ["status", "--json"]],
];

const CONFIG = {
  role: "spoke",
  local_id: 2,
  local_tun_ip: "10.77.0.2/24",
  local_tun_mtu: 1452,
  peers: [{ id: 1, endpoint: "192.0.2.1:18020", psk: "ab".repeat(32) }],
};

test("both builds print the same and end with the same status", { skip }, async () => {
  const node = builds.hub.name === "nodejs" ? builds.hub : chooseBuilds("nodejs").hub;
  const here = chooseBuilds(tiny).hub;
  await withFolder((folder) => {
    const config = join(folder, "config.json");
    writeFileSync(config, JSON.stringify(CONFIG), { mode: 0o600 });
    const env = { SUBNETRA_SOCK: join(folder, "none.sock"), SUBNETRA_CONFIG: "", SUBNETRA_TUN: "" };
    for (const [program, words] of COMMANDS) {
      const args = words.map((word) => (word === "CONFIG" ? config : word));
      const expected = run([...node[program], ...args], { env });
      const actual = run([...here[program], ...args], { env });
      const what = `${program} ${words.join(" ")}`;
      assert.equal(actual.stdout, expected.stdout, what);
      assert.equal(actual.stderr, expected.stderr, what);
      assert.equal(actual.status, expected.status, what);
    }
  });
});

test("what only the Node.js build has is named in one line", { skip }, () => {
  for (const [program, tool] of [
    ["subnetra", "demo"],
    ["subnetrad", "bench"],
  ] as const) {
    const result = run([tiny, program, tool]);
    assert.equal(result.status, 1);
    assert.match(
      result.stderr,
      new RegExp(`^${program}: ${tool} needs Node.js and a clone of the project: [^\n]+\n$`),
    );
  }
});
