// Bad input: a clear error, exit status 1, and nothing changed.
//
// One namespace with one healthy daemon; every other daemon here is meant to fail.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { type NodeConfig, newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import type { LabProcess } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { assertNoSecrets } from "../support/e2e/secrets.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const PORT = 51820;
const OTHER_PORT = 51830;
const MAX_FILE = 65536;
const key = newKey();

function config(port: number): NodeConfig {
  return {
    role: "spoke",
    local_id: 2,
    listen_ports: [port],
    local_tun_ip: "10.0.0.2/24",
    peers: [{ id: 1, endpoint: "10.100.1.1:51820", allowed_src: "10.0.0.0/24", psk: key }],
  };
}

/** Documents that must be refused, by what is wrong with them: the line and the error's name. */
const documents: [title: string, text: string, expected: RegExp][] = [
  ["not JSON", "role: hub", /config load failed \(.*\): SyntaxError/],
  ["cut short", '{"local_id": 2', /config load failed \(.*\): (UnexpectedEndOfInput|SyntaxError)/],
  ["a text where a number belongs", changed({ local_id: "two" }), /config load failed \(.*\): \w+/],
  ["a number too large", changed({ local_tun_mtu: 65536 }), /config load failed \(.*\): Overflow/],
  ["an object where a list belongs", changed({ peers: {} }), /config load failed \(.*\): \w+/],
  ["a field twice", '{"local_id": 2, "local_id": 3}', /config load failed \(.*\): DuplicateField/],
  ["an unknown role", changed({ role: "router" }), /config load failed \(.*\): InvalidRole/],
  ["a short key", peerChanged({ psk: key.slice(1) }), /config load failed \(.*\): InvalidPsk/],
  [
    "a host name",
    peerChanged({ endpoint: "hub.example:51820" }),
    /config load failed \(.*\): InvalidEndpoint/,
  ],
  ["an MTU too small", changed({ local_tun_mtu: 67 }), /config sanity check failed: MtuOutOfRange/],
  ["itself as a peer", peerChanged({ id: 2 }), /peer registry build failed: SelfReference/],
  ["brackets without end", "[".repeat(MAX_FILE), /config load failed \(.*\): \w+/],
  ["more than 64 KiB", `${changed({})}${" ".repeat(MAX_FILE)}`, /config load failed \(.*\): \w+/],
];

function changed(fields: Record<string, unknown>): string {
  return JSON.stringify({ ...config(OTHER_PORT), ...fields });
}

function peerChanged(fields: Record<string, unknown>): string {
  return changed({ peers: [{ ...config(OTHER_PORT).peers[0], ...fields }] });
}

endToEnd("Bad input", () => {
  let lab: Lab;
  let healthy: MeshNode;

  before(async () => {
    lab = new Lab("bad");
    lab.addNamespace("n");
    healthy = new MeshNode(lab, "n", builds.hub, config(PORT));
    await healthy.start();
  });
  after(() => lab?.close());

  /** Starts a second daemon in the healthy one's namespace and returns how it failed. */
  async function failure(options: {
    text?: string;
    path?: string;
    port?: number;
    env?: NodeJS.ProcessEnv;
    wrap?: string[];
    args?: string[];
  }): Promise<LabProcess> {
    const path = options.path ?? lab.path("other", "config.json");
    if (options.path === undefined) {
      writeFileSync(path, options.text ?? JSON.stringify(config(options.port ?? OTHER_PORT)), {
        mode: 0o600,
      });
    }
    const socket = lab.path("other", "subnetra.sock");
    const command = [
      ...(options.wrap ?? []),
      ...healthy.build.daemon,
      ...(options.args ?? ["--config", path]),
    ];
    const env = { SUBNETRA_SOCK: socket, SUBNETRA_TUN: "snr1", ...options.env };
    const daemon = lab.start("n", "subnetrad other", command, env);
    assert.equal(await daemon.exited(), 1, daemon.output);
    assert.equal(daemon.stdout, "");
    assert.ok(!existsSync(socket), "no socket left");
    assert.doesNotMatch(daemon.stderr, /\[ready\]|^\s+at .*[cm]?[jt]s:\d+/m, "no stack trace");
    const links = lab.ip("n", "-o link show");
    assert.ok(!links.includes("snr1"), "no device left");
    assert.ok(links.includes("snr0"), "the healthy daemon keeps its device");
    assert.match(healthy.ask("status"), /\[running\]/);
    return daemon;
  }

  for (const [title, text, expected] of documents) {
    it(`configuration: ${title}`, async () => {
      const daemon = await failure({ text });
      assert.match(daemon.stderr, expected);
      const check = lab.exec("n", [
        ...healthy.build.daemon,
        "--check",
        "--config",
        lab.path("other", "config.json"),
      ]);
      assert.equal(check.status, 1);
      assert.match(check.stderr, expected, "--check says the same");
    });
  }

  it("configuration: missing, unreadable, a directory", async () => {
    const missing = await failure({ path: lab.path("other", "absent.json") });
    assert.match(missing.stderr, /config load failed \(.*absent\.json\): ConfigNotFound/);
    const folder = lab.path("other", "folder");
    mkdirSync(folder);
    assert.match((await failure({ path: folder })).stderr, /config load failed \(.*\): ConfigReadFailed/);
    const locked = lab.path("other", "locked.json");
    writeFileSync(locked, "{}");
    chmodSync(locked, 0);
    const wrap = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
    assert.match(
      (await failure({ path: locked, wrap })).stderr,
      /config load failed \(.*\): ConfigOpenFailed/,
    );
  });

  it("arguments: unknown, and a flag without its value", async () => {
    assert.match((await failure({ args: ["--confg"] })).stderr, /^unknown argument: --confg$/m);
    await failure({ args: ["--config"] });
  });

  it("a busy port", async () => {
    const daemon = await failure({ port: PORT });
    assert.match(daemon.stderr, /^udp bind failed \(UdpBindFailed\) on port 51820$/m);
  });

  it("a live daemon on the control socket is left alone", async () => {
    const pid = healthy.pid;
    const daemon = await failure({ env: { SUBNETRA_SOCK: healthy.socketPath } });
    assert.match(daemon.stderr, /^control socket bind failed \(\w+\) at \S+$/m);
    assert.ok(existsSync(healthy.socketPath));
    assert.equal(healthy.pid, pid);
  });

  it("a control socket path that leaves no room for the snapshot's name", async () => {
    const path = `/tmp/${"s".repeat(97)}`;
    const daemon = await failure({ env: { SUBNETRA_SOCK: path } });
    assert.match(daemon.stderr, new RegExp(`^control socket path too long: ${path}$`, "m"));
  });

  it("a TUN that cannot be opened: held by another, and without the capability", async () => {
    const held = await failure({ env: { SUBNETRA_TUN: "snr0" } });
    assert.match(held.stderr, /^tun open failed \(IoctlFailed\); need CAP_NET_ADMIN and \/dev\/net\/tun$/m);
    const denied = await failure({ wrap: ["setpriv", "--bounding-set=-net_admin", "--"] });
    assert.match(
      denied.stderr,
      /^tun open failed \(AccessDenied\); need CAP_NET_ADMIN and \/dev\/net\/tun$/m,
    );
  });

  // A static executable cannot be shown another clock from outside.
  if (builds.hub.name === "nodejs") {
    it("a clock before 2024", async () => {
      const daemon = await failure({ wrap: ["faketime", "2023-12-31 23:59:00"] });
      assert.match(daemon.stderr, /^boot epoch unavailable \(clock not set\?\): ClockUnavailable$/m);
      const check = lab.exec("n", [
        "faketime",
        "2023-12-31 23:59:00",
        ...healthy.build.daemon,
        "--check",
        "--config",
        healthy.configPath,
      ]);
      assert.equal(check.status, 1);
    });
  }

  it("commands the client refuses", () => {
    for (const [words, name] of [
      [["policy", "add", "--dst", "10.0.0.0/24"], "MissingArgument"],
      [["policy", "add", "--src", "0.0.0.0/0", "--dst", "10.0.0.0/33"], "InvalidValue"],
      [["reboot"], "UnknownCommand"],
    ] as const) {
      const table = healthy.ask("policy", "show");
      const result = healthy.client(...words);
      assert.equal(result.status, 2);
      assert.match(result.stderr, new RegExp(`^subnetra: failed to parse command \\(${name}\\)$`, "m"));
      assert.equal(healthy.ask("policy", "show"), table);
    }
  });

  it("a stale socket is removed at the next start", async () => {
    await healthy.stop("SIGKILL");
    assert.ok(existsSync(healthy.socketPath), "a killed daemon leaves its socket");
    await healthy.start();
    assert.match(healthy.ask("status"), /\[running\]/);
  });

  it("no error shows a key, and the healthy daemon's file is as it was", () => {
    const outputs = [
      ...lab.processes.map((child) => child.output),
      ...lab.results.map((result) => result.stdout + result.stderr),
    ];
    assertNoSecrets(outputs, [Buffer.from(key, "hex")]);
    assert.deepEqual(JSON.parse(readFileSync(healthy.configPath, "utf8")), config(PORT));
  });
});
