// The tools as an operator calls them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { root } from "../../lab/project.ts";
import { pcapngHead, pcapngPacket } from "../../src/apps/tools/pcapng.ts";
import { TOOLS } from "../../src/apps/tools/table.ts";
import { TOOL_NAMES } from "../../src/core/tools/names.ts";
import { loadEngine } from "../../src/engine/load.ts";

const folder = mkdtempSync(join(tmpdir(), "subnetra-tools-"));
after(() => rmSync(folder, { recursive: true }));

function subnetra(args: string[], input = "") {
  return spawnSync(process.execPath, [join(root, "bin/subnetra"), ...args], { input, encoding: "utf8" });
}

function output(args: string[], input = ""): string {
  const { status, stdout, stderr } = subnetra(args, input);
  assert.equal(status, 0, stderr);
  return stdout;
}

const PSK = "5a".repeat(32);
const EPOCH = "1704067200000000000";

/** A datagram of the link 1 → 2 with PSK and EPOCH, sealed by the engine itself. */
function sealed(plaintext: Buffer, seq: bigint, masked: boolean): Buffer {
  const engine = loadEngine();
  const view = new DataView(engine.u8.buffer);
  const at = 1 << 20;
  engine.u8.set(Buffer.from(PSK, "hex"), at);
  engine.call.deriveLinkKey(at, 1, 2, at + 32);
  view.setBigUint64(at + 64, BigInt(EPOCH), true);
  view.setBigUint64(at + 72, seq, true);
  engine.call.deriveSessionKey(at + 32, at + 64, at + 96);
  engine.u8.set(plaintext, at + 256);
  const total = engine.call.sealDatagram(
    at + 96,
    1,
    0,
    at + 64,
    at + 72,
    at + 256,
    plaintext.length,
    at + 4096,
  );
  if (masked) engine.call.maskHeader(at + 32, at + 4096, total);
  return Buffer.from(engine.u8.slice(at + 4096, at + 4096 + total));
}

const PING = Buffer.from("4500001c000040004001000a0a4d00020a4d00030800f7ff00000000", "hex");

test("every tool is known by name, has help and a version", () => {
  assert.deepEqual(
    TOOLS.map(({ name }) => name),
    TOOL_NAMES.map(({ name }) => name),
  );
  for (const tool of TOOLS) {
    const help = output([tool.name, "--help"]);
    assert.match(help, /^usage: /m);
    for (const line of help.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(output([tool.name, "-V"]), new RegExp(`^${tool.name} \\(subnetra v\\d`));
    const refused = subnetra([tool.name, "--no-such-flag"]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`^${tool.name}: .*\\nerror: InvalidArgument\\n$`));
  }
});

test("keygen prints different keys", () => {
  const lines = output(["keygen", "--count", "20"]).trimEnd().split("\n");
  assert.equal(new Set(lines).size, 20);
  for (const line of lines) assert.match(line, /^[0-9a-f]{64}$/);
  assert.match(subnetra(["keygen", "--count", "0"]).stderr, /--count must be >= 1/);
  assert.match(subnetra(["keygen", "--count", "x"]).stderr, /invalid --count value/);
});

test("key-derive agrees with the engine, from arguments and from standard input", () => {
  const engine = loadEngine();
  engine.u8.set(Buffer.from(PSK, "hex"), 1 << 20);
  engine.call.deriveLinkKey(1 << 20, 1, 2, (1 << 20) + 32);
  const link = Buffer.from(engine.u8.slice((1 << 20) + 32, (1 << 20) + 64)).toString("hex");
  const rest = ["--from", "1", "--to", "2", "--epoch", EPOCH];
  const text = output(["key-derive", "--psk", PSK, ...rest]);
  assert.match(text, new RegExp(`^link_key = ${link}\\nsession_key = [0-9a-f]{64}\\n$`));
  assert.equal(output(["key-derive", "--psk-file", "-", ...rest], `${PSK}\n`), text);
  for (const [args, complaint] of [
    [rest, "--psk <64hex> is required"],
    [["--psk", "ab", ...rest], "--psk must be 64 hex chars"],
    [["--psk", "zz".repeat(32), ...rest], "--psk is not valid hex"],
    [["--psk", PSK, "--to", "2"], "--from <id> is required"],
    [["--psk", PSK, "--from", "a", "--to", "2"], "--from must be an integer"],
  ] as const) {
    const { status, stderr } = subnetra(["key-derive", ...args]);
    assert.equal(status, 1);
    assert.ok(stderr.includes(complaint), stderr);
    assert.ok(!stderr.includes(PSK), "the key is not echoed");
  }
});

test("config-gen writes a mesh whose files are private and pass the check once finished", () => {
  const mesh = mkdtempSync(join(folder, "mesh-"));
  const line = output([
    "config-gen",
    "--spokes",
    "3",
    "--subnet",
    "10.77.0.0/24",
    "--port",
    "18020",
    "--out",
    mesh,
  ]);
  assert.equal(
    line,
    `config-gen: wrote hub.json + 3 spoke file(s) to ${mesh}/ (fill in the REPLACE_* endpoints)\n`,
  );
  const keys: string[] = [];
  for (const name of ["hub", "spoke-1", "spoke-2", "spoke-3"]) {
    const path = join(mesh, `${name}.json`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const unfinished = subnetra(["config-lint", path]);
    assert.match(unfinished.stderr, /FAILED \(InvalidEndpoint\)/);
    let k = 1;
    const text = readFileSync(path, "utf8").replace(/REPLACE_\w+/g, () => `192.0.2.${k++}`);
    keys.push(...JSON.parse(text).peers.map((peer: { psk: string }) => peer.psk));
    writeFileSync(path, text);
    assert.match(
      output(["config-lint", path]),
      /: OK \(role=(hub|spoke), local_id=\d, peers=\d, mtu=1400, udp_ports=\{ 18020 \}\)\n$/,
    );
  }
  assert.deepEqual(keys.slice(0, 3), keys.slice(3));
  assert.equal(new Set(keys).size, 3);
  // A second run must not overwrite keys that may be in use.
  const again = subnetra(["config-gen", "--out", mesh]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /exists/);
  assert.match(output(["config-gen"]), /^\/\/ ==== hub\.json ====\n\{/);
  assert.match(subnetra(["config-gen", "--spokes", "33"]).stderr, /--spokes must be between 1 and 32/);
});

test("config-lint names what is wrong without a clock or a device", () => {
  assert.match(subnetra(["config-lint", join(folder, "none.json")]).stderr, /cannot read .*: ConfigNotFound/);
  const path = join(folder, "bad.json");
  writeFileSync(path, '{"role":"spoke"}', { mode: 0o600 });
  const { status, stderr } = subnetra(["config-lint", path]);
  assert.equal(status, 1);
  assert.match(stderr, /^config-lint: .*bad\.json: FAILED \(InvalidPsk\)\n/);
});

test("wire-decode opens plain and obfuscated datagrams, one by one and in bulk", () => {
  const single = ["wire-decode", "--psk", PSK, "--to", "2", "--data"];
  const header = `header: version=1 flags=0 key_id=1 epoch=${EPOCH} seq=7\n`;
  const inner = "auth OK\n  inner: IPv4 10.77.0.2 -> 10.77.0.3 proto=1 len=28\n";
  const plain = sealed(PING, 7n, false).toString("hex");
  const masked = sealed(PING, 7n, true).toString("hex");
  assert.equal(output([...single, plain]), header + inner);
  assert.equal(output([...single, masked, "--from", "1"]), `${header}form: obfuscated\n${inner}`);
  const wrong = subnetra(["wire-decode", "--psk", "ab".repeat(32), "--to", "2", "--data", plain]);
  assert.equal(wrong.status, 1);
  assert.equal(wrong.stdout, `${header}auth FAIL (wrong PSK/ids, tampered, or truncated)\n`);
  const stream = [plain, "", masked, "xyz", "00".repeat(40), `${plain.slice(0, -2)}00`].join("\n");
  assert.equal(
    output(["wire-decode", "--stream", "--key", `1:2:${PSK}`], stream),
    `[1] auth OK   key_id=1 epoch=${EPOCH} seq=7\n  inner: IPv4 10.77.0.2 -> 10.77.0.3 proto=1 len=28\n` +
      `[2] auth OK   key_id=1 epoch=${EPOCH} seq=7\n  inner: IPv4 10.77.0.2 -> 10.77.0.3 proto=1 len=28\n` +
      "[3] skipped (not hex)\n[4] skipped (not a v1 subnetra datagram)\n" +
      "[5] auth FAIL (key matched key_id but did not authenticate)\n" +
      "\nsummary: decoded=2 auth_failed=1 no_key=0 skipped=2\n",
  );
  assert.match(
    output(["wire-decode", "--stream", "--key", `9:2:${PSK}`], plain),
    /^\[1\] no key for key_id=1\n/,
  );
});

/** An IPv4 packet with a UDP payload. */
function underlay(payload: Buffer): Buffer {
  const head = Buffer.from("45000000000000004011000001020304050607084664466400000000", "hex");
  head.writeUInt16BE(head.length + payload.length, 2);
  head.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([head, payload]);
}

test("wire-decode turns a capture into the packets inside", () => {
  const capture = join(folder, "mesh.pcapng");
  const inner = join(folder, "inner.pcapng");
  const packets = [1n, 2n].map((seq) =>
    pcapngPacket(underlay(sealed(PING, seq, true)), 1700000000, Number(seq) * 1000),
  );
  writeFileSync(capture, Buffer.concat([pcapngHead(), ...packets]));
  const keys = join(folder, "keys");
  writeFileSync(keys, `# link\n1:2:${PSK}\n`, { mode: 0o600 });
  const text = output(["wire-decode", "--read", capture, "--key-file", keys, "--write", inner]);
  assert.match(text, /summary: decoded=2 auth_failed=0 no_key=0 skipped=0\n$/);
  assert.equal(statSync(inner).mode & 0o777, 0o600);
  const written = readFileSync(inner);
  assert.equal(written.indexOf(PING) > 0 && written.indexOf(PING, written.indexOf(PING) + 1) > 0, true);
});
