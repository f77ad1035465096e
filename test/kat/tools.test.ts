// key-derive and wire-decode against the conformance files (wire-protocol.md §18), through the command an operator types.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../lab/project.ts";
import { vectorFiles } from "../support/kat/vectors.ts";

function subnetra(args: readonly string[], input = "") {
  return spawnSync(process.execPath, [join(root, "bin/subnetra"), ...args], { input, encoding: "utf8" });
}

/** The inner line of a plaintext, by another way than the tool's. */
function inner(hex: string): string {
  const packet = Buffer.from(hex, "hex");
  const header = packet.length >= 20 && packet[0]! >> 4 === 4 ? (packet[0]! & 15) * 4 : 0;
  if (header < 20 || header > packet.length) return "  inner: not an IPv4 packet\n";
  const ports = [6, 17].includes(packet[9]!) && packet.length >= header + 4;
  const side = (at: number, port: number) =>
    packet.subarray(at, at + 4).join(".") + (ports ? `:${packet.readUInt16BE(header + port)}` : "");
  return `  inner: IPv4 ${side(12, 0)} -> ${side(16, 2)} proto=${packet[9]} len=${packet.length}\n`;
}

for (const file of vectorFiles()) {
  test(`${file.name}: every sender vector`, () => {
    // A process takes a quarter of a second: a few alone, the others in bulk.
    const alone = file.vectors.slice(0, 5);
    alone.forEach(({ name, input, output }, i) => {
      const link = ["--psk-file", "-", "--from", String(input.from_id), "--to", String(input.to_id)];
      const keys = subnetra(["key-derive", ...link, "--epoch", input.epoch], `${input.psk}\n`);
      assert.equal(keys.stdout, `link_key = ${output.link_key}\nsession_key = ${output.session_key}\n`, name);
      const header = `header: version=1 flags=0 key_id=${input.from_id} epoch=${input.epoch} seq=${input.seq}\n`;
      const opened = `auth OK\n${inner(input.plaintext)}`;
      const plain = subnetra(["wire-decode", "--data", output.datagram, ...link], input.psk);
      assert.equal(plain.stderr, "", name);
      assert.equal(plain.stdout, header + opened, name);
      const masked = file.obfuscated_vectors[i]!.datagram;
      const unmasked = subnetra(["wire-decode", "--data", masked, ...link], input.psk);
      assert.equal(unmasked.stdout, `${header}form: obfuscated\n${opened}`, name);
    });
    for (let at = 0; at < file.vectors.length; at += 8) {
      const some = file.vectors.slice(at, at + 8);
      const keys = some.flatMap(({ input }) => ["--key", `${input.from_id}:${input.to_id}:${input.psk}`]);
      const lines = some.flatMap(({ output }, i) => [
        output.datagram,
        file.obfuscated_vectors[at + i]!.datagram,
      ]);
      const { stdout, stderr, status } = subnetra(["wire-decode", "--stream", ...keys], lines.join("\n"));
      assert.equal(status, 0, stderr);
      const expected = some.flatMap(({ input }) =>
        Array(2).fill([
          `key_id=${input.from_id} epoch=${input.epoch} seq=${input.seq}\n`,
          inner(input.plaintext),
        ]),
      );
      assert.equal(
        stdout,
        `${expected.map(([head, line], i) => `[${i + 1}] auth OK   ${head}${line}`).join("")}` +
          `\nsummary: decoded=${2 * some.length} auth_failed=0 no_key=0 skipped=0\n`,
      );
    }
  });

  test(`${file.name}: what a receiver accepts opens`, () => {
    for (const { name, link, steps } of file.receiver_cases) {
      const key = `${link.from_id}:${link.to_id}:${link.psk}`;
      const lines = steps.map(({ datagram }) => datagram).join("\n");
      const { stdout } = subnetra(["wire-decode", "--stream", "--key", key], lines);
      steps.forEach(({ expect, plaintext, note }, i) => {
        // Replays and old epochs open here: they are not checked.
        if (expect !== "accept") return;
        const at = stdout.indexOf(`[${i + 1}] auth OK`);
        assert.ok(at >= 0, `${name}: ${note}\n${stdout}`);
        assert.ok(stdout.slice(at).split("\n")[1] === inner(plaintext ?? "").trimEnd(), `${name}: ${note}`);
      });
    }
  });
}
