// docs/adding.md: the files that a change touches, compared with the files that name such a thing today.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../../lab/project.ts";

const text = readFileSync(join(root, "docs/adding.md"), "utf8");

/** The files of a walk's block. */
function listed(walk: string): string[] {
  const block = new RegExp(`\`\`\`files ${walk}\\n([\\s\\S]*?)\`\`\``).exec(text);
  assert.ok(block, walk);
  return block[1]!.trim().split("\n").sort();
}

/** Source files, apart from those a script writes, that match. */
function matching(pattern: RegExp, generated: readonly string[] = []): string[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|c|h)$/.test(name))
    .map((name) => join("src", name))
    .filter((name) => !generated.includes(name) && pattern.test(readFileSync(join(root, name), "utf8")))
    .sort();
}

/** The number in the "Now" column of a row. */
function count(row: string): number {
  const cells = text.split("\n").find((line) => line.startsWith(`| ${row} |`));
  return Number(/^\d+/.exec(cells?.split("|")[3]?.trim() ?? "")?.[0]);
}

const EXACT: readonly [row: string, walk: string, pattern: RegExp][] = [
  ["a control command", "command", /"save"|\bSaveJob\b/],
  ["a configuration field", "field", /"policy_file"|\bpolicyFile\b/],
  ["a counter", "counter", /"drop_udp_spoof"|\bdrop_udp_spoof:|COUNTER_DROP_UDP_SPOOF/],
];

for (const [row, walk, pattern] of EXACT) {
  test(`${row} touches the files that docs/adding.md lists`, () => {
    // A tool that writes or examines files names fields, and need not name a new one.
    const found = matching(pattern, ["src/engine/abi.ts"]).filter(
      (name) => !/^src\/(core\/(tools|doctor)|apps\/tools)\//.test(name),
    );
    assert.deepEqual(found, listed(walk));
    assert.equal(count(row), listed(walk).length);
  });
}

const SYSTEM = /from "\.\/linux\/|import\("\.\/linux\//;
/**
 * What only code that knows the width of an inner address, or the inner header, has in it: the fields of a prefix, masks,
 * IPv4's own view and its names, how addresses are written, and what virtio and TUN call TCP over IPv4.
 */
const INNER =
  /\b(PREFIX_ADDRESS|PREFIX_BITS|ADDRESS_BITS|maskOf|netmask|allowedBits|srcBits|dstBits|isIpv4|IP4_SMALLEST|pseudoSum|GSO_TCPV4|TUN_F_TSO4)\b|\.bits\b|\/ip4"|\b(allowedSrc|localTunIp|virtualSubnet|src|dst|cidr)\.address\b|A\.B\.C\.D\/|not IPv4\b/;

for (const [row, walk, pattern] of [
  ["a second system", "system", SYSTEM],
  ["inner IPv6", "ipv6", INNER],
] as const) {
  test(`docs/adding.md lists every file that knows ${walk === "system" ? "Linux" : "inner IPv4"}`, () => {
    const files = listed(walk);
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
    const unlisted = matching(pattern)
      .filter((name) => !name.startsWith("src/platform/nodejs/linux/") || walk === "ipv6")
      .filter((name) => !files.includes(name));
    assert.deepEqual(
      unlisted,
      [],
      `add them to the block "files ${walk}" of docs/adding.md, and correct its count`,
    );
    assert.equal(count(row), files.length);
  });
}
