// The tools as an operator calls them.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
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
    // The script has the original's exit status and no second line.
    const script = tool.name === "bench-overlay";
    assert.equal(refused.status, script ? 2 : 1);
    assert.match(
      refused.stderr,
      new RegExp(`^${tool.name}: .*\\n${script ? "" : "error: InvalidArgument\\n"}$`),
    );
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

const INVENTORY = JSON.stringify({
  subnet: "10.77.0.0/24",
  hub: { name: "office", public: "203.0.113.7" },
  spokes: [{ name: "berlin" }, { name: "laptop", address: "10.77.0.9" }],
});

test("config-gen makes a mesh of an inventory, private, checked and never over an older one", () => {
  const mesh = join(folder, "deep");
  const inventory = join(folder, "inventory.json");
  writeFileSync(inventory, INVENTORY);
  assert.equal(
    output(["config-gen", "--inventory", inventory, "--out", mesh]),
    `config-gen: wrote office.json + 2 spoke file(s) to ${mesh}/\n` +
      `config-gen: ${mesh}/CHECKLIST.txt says what to copy where\n`,
  );
  assert.equal(statSync(mesh).mode & 0o777, 0o700);
  const files = readdirSync(mesh).sort();
  assert.deepEqual(files, ["CHECKLIST.txt", "berlin.json", "laptop.json", "office.json", "office.policy"]);
  const before = files.map((name) => readFileSync(join(mesh, name), "utf8"));
  for (const name of files) assert.equal(statSync(join(mesh, name)).mode & 0o777, 0o600);
  for (const name of ["office", "berlin", "laptop"]) {
    const path = join(mesh, `${name}.json`);
    assert.match(output(["config-lint", path]), /: OK \(role=/);
    const daemon = [join(root, "bin/subnetrad"), "--check", "--config", path];
    const checked = spawnSync(process.execPath, daemon, { encoding: "utf8" });
    assert.equal(checked.stderr, "");
    assert.match(checked.stdout, / \[config ok\]\n$/);
  }
  const again = subnetra(["config-gen", "--inventory", "-", "--out", mesh], INVENTORY);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /exists and may hold keys in use: nothing was written \(see --force\)\n/);
  assert.deepEqual(
    files.map((name) => readFileSync(join(mesh, name), "utf8")),
    before,
  );
  output(["config-gen", "--inventory", "-", "--out", mesh, "--force"], INVENTORY);
  assert.deepEqual(readdirSync(mesh).sort(), files);
  assert.notEqual(readFileSync(join(mesh, "berlin.json"), "utf8"), before[1]);
  for (const name of files) assert.equal(statSync(join(mesh, name)).mode & 0o777, 0o600);
  for (const [args, input, complaint] of [
    [["--inventory", "-"], '{"subnet":"x"}', /^config-gen: inventory: hub: is missing/],
    [
      ["--inventory", "-", "--port", "1"],
      INVENTORY,
      /^config-gen: --port and --inventory exclude each other/,
    ],
    [["--inventory", join(folder, "none")], "", /^config-gen: cannot read .*\nerror: FileNotFound\n$/],
    [["--force"], "", /^config-gen: --force needs --out DIR/],
    [["--out", join(inventory, "x")], "", /^config-gen: cannot make the folder .*\nerror: WriteFailed\n$/],
  ] as const) {
    const { status, stderr } = subnetra(["config-gen", ...args], input);
    assert.equal(status, 1);
    assert.match(stderr, complaint);
  }
});

test("udp-blast sends what it says, and the payload is what the original's is", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const received: Buffer[] = [];
  socket.on("message", (payload) => received.push(payload));
  const dst = `127.0.0.1:${socket.address().port}`;
  const child = spawn(process.execPath, [
    join(root, "bin/subnetra"),
    ...["udp-blast", "--dst", dst, "--count", "20", "--size", "300"],
  ]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  assert.equal((await once(child, "close"))[0], 0);
  assert.match(
    text,
    new RegExp(
      `^udp-blast: dst=${dst} payload=300B inner=328B secs=\\d+\\.\\d\\d sent=20 errs=0\\n` +
        "  offered: \\d+ pps, \\d+\\.\\d{3} Gbps \\(6000 bytes\\)\\n$",
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.close();
  assert.equal(received.length, 20);
  for (const payload of received)
    assert.deepEqual(
      [...payload],
      Array.from({ length: 300 }, (_, i) => i % 256),
    );
  assert.match(
    subnetra(["udp-blast"]).stderr,
    /^udp-blast: --dst IP:PORT is required\nerror: InvalidArgument\n$/,
  );
  // By time, clamped to a second; nobody listens there.
  const timed = output(["udp-blast", "--dst", "127.0.0.1:9", "--secs", "0", "--size", "70000"]);
  assert.match(timed, / payload=65507B inner=65535B secs=1\.\d\d sent=\d+ errs=\d+\n/);
});

test("the benchmarks print the original's lines", () => {
  const rate = "\\d+ ops/sec, \\d+ MB/sec, \\d+ ns/op\\n";
  const plain = "\\d+ ops/sec, \\d+ ns/op\\n";
  const head = (name: string, size: number) =>
    `^${name}: arch=${process.arch} optimize=\\S+ size=${size}B iters=200\\n`;
  assert.match(
    output(["crypto-bench", "--iters", "200", "--size", "9999"]),
    new RegExp(
      `${head("crypto-bench", 1452)}  seal +${rate}  open +${rate}  deriveLinkKey +${plain}  deriveSessionKey +${plain}$`,
    ),
  );
  const tax = (way: string, aead: string) =>
    `${way} forwarding tax: -?\\d+ ns/op over AEAD ${aead} \\(\\d+ -> \\d+ ns/op\\)\\n`;
  for (const [size, peers] of [
    [20, 1],
    [1400, 300],
  ] as const) {
    assert.match(
      output(["forward-bench", "--iters", "200", "--size", String(size), "--peers", String(peers)]),
      new RegExp(
        `${head("forward-bench", size)}  seal floor \\(tx\\) +${rate}  tx-forward +${rate}` +
          `  open floor \\(rx\\) +${rate}  rx-forward +${rate}${tax("tx", "seal")}${tax("rx", "open")}` +
          `ingress peer-selection \\(obfuscation de-mux\\): peers=${peers}\\n` +
          `  cleartext select +${plain}  obfusc\\. junk sweep +${plain}  difference: -?\\d+ ns/op, -?[\\d.]+ ns per peer\\n$`,
      ),
    );
  }
  assert.match(subnetra(["forward-bench", "--peers", "1025"]).stderr, /--peers must be between 1 and 1024/);
});

test("mtu-probe: what is asked wrongly, and a responder that stays silent towards strangers", async () => {
  for (const [args, complaint] of [
    [[], "a role is required (--listen [PORT] or --probe IP:PORT). See --help."],
    [["--listen", "--probe", "127.0.0.1:1"], "choose one role \u2014 --listen OR --probe, not both"],
    [["--listen", "0"], "--listen PORT must be non-zero"],
    [["--listen", "70000"], "invalid --listen PORT"],
    [["--probe", "localhost:1"], "invalid --probe IP:PORT"],
    [["--probe", "127.0.0.1:1", "--floor", "9", "--ceil", "43"], "--floor must not exceed --ceil"],
  ] as const) {
    const { status, stderr } = subnetra(["mtu-probe", ...args]);
    assert.equal(status, 1);
    assert.equal(stderr, `mtu-probe: ${complaint}\nerror: InvalidArgument\n`);
  }
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const taken = subnetra(["mtu-probe", "--listen", String(port)]);
  assert.match(taken.stderr, /^mtu-probe: bind\(\) failed \(port in use or insufficient privilege\)\n/);
  const child = spawn(process.execPath, [
    join(root, "bin/subnetra"),
    "mtu-probe",
    "--listen",
    "18087",
    "--secs",
    "20",
  ]);
  await once(child.stdout, "data");
  const answers: Buffer[] = [];
  socket.on("message", (bytes) => answers.push(bytes));
  const probe = Buffer.concat([Buffer.from("SMTU\x01\x01\0\0"), Buffer.from("1122334405000000", "hex")]);
  const send = (bytes: Buffer) => socket.send(bytes, 18087, "127.0.0.1");
  const wrong = (at: number, value: number) => {
    const bytes = Buffer.from(probe);
    bytes[at] = value;
    return bytes;
  };
  for (const bytes of [
    Buffer.alloc(0),
    probe.subarray(0, 15),
    wrong(0, 0),
    wrong(4, 2),
    wrong(5, 2),
    wrong(6, 1),
  ])
    send(bytes);
  send(probe);
  send(Buffer.concat([probe, Buffer.alloc(1000)]));
  for (let i = 0; i < 50 && answers.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.close();
  child.kill("SIGINT");
  await once(child, "close");
  const head = Buffer.concat([Buffer.from("SMTU\x02\x01\0\0"), Buffer.from("1122334405000000", "hex")]);
  const answer = (length: number) =>
    `${head.toString("hex")}${Buffer.from([length & 255, length >> 8, 0, 0]).toString("hex")}`;
  assert.deepEqual(
    answers.map((bytes) => bytes.toString("hex")),
    [answer(16), answer(1016)],
  );
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
  // Decrypted packets never go into a file that others may be reading.
  const again = subnetra(["wire-decode", "--read", capture, "--key-file", keys, "--write", inner]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /^wire-decode: cannot write .* \(it exists\)\nerror: WriteFailed\n$/);
  const written = readFileSync(inner);
  assert.equal(written.indexOf(PING) > 0 && written.indexOf(PING, written.indexOf(PING) + 1) > 0, true);
});
