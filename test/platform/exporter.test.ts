// `subnetra exporter` as Prometheus and as strangers meet it, and its text file.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cpuSecondsOf } from "../../lab/proc.ts";
import { subnetra } from "../support/platform/daemon.ts";
import { needsPromtool, promtool } from "../support/prometheus.ts";

const helper = fileURLToPath(new URL("../support/platform/status-daemon.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "subnetra-exporter-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

let sockets = 0;

/** A daemon with a status of `peers` peers; `heard` lists its requests. */
async function daemon(peers: number) {
  const socket = join(folder, `${sockets++}.sock`);
  const child = spawn(process.execPath, [helper, socket, String(peers)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const heard: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => heard.push(...text.trimEnd().split("\n")));
  await once(child.stdout, "data");
  heard.length = 0;
  return { child, socket, heard };
}

async function exporter(socket: string, ...args: string[]) {
  const child = spawn(process.execPath, [subnetra, "exporter", "--listen", "127.0.0.1:0", ...args], {
    env: { ...process.env, SUBNETRA_SOCK: socket },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const said = { text: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.text += text;
  });
  const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const url = /^exporter: listening on (http:\/\/127\.0\.0\.1:\d+)\/metrics\n$/.exec(line)![1]!;
  return { child, url, port: Number(new URL(url).port), said };
}

async function get(url: string, init?: RequestInit): Promise<{ status: number; text: string; type: string }> {
  const response = await fetch(url, init);
  return {
    status: response.status,
    text: await response.text(),
    type: response.headers.get("content-type") ?? "",
  };
}

test("many scrapes share an answer; a daemon that stops or hangs is a metric", {
  timeout: 120_000,
}, async () => {
  const node = await daemon(3);
  const { child, url, said } = await exporter(node.socket);
  const all = await Promise.all(Array.from({ length: 50 }, () => get(`${url}/metrics`)));
  assert.ok(node.heard.length <= 2, `${node.heard.length} requests for 50 scrapes`);
  assert.match(all[0]!.text, /^subnetra_up 1$/m);
  assert.equal(all[0]!.type, "text/plain; version=0.0.4; charset=utf-8");
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(await get(`${url}/healthz`), {
    status: 200,
    text: "ok\n",
    type: "text/plain; charset=utf-8",
  });

  node.child.kill("SIGSTOP");
  await pause(1100);
  const started = performance.now();
  const hanging = get(`${url}/metrics`);
  const index = await get(url);
  assert.equal(index.status, 200);
  assert.ok(performance.now() - started < 1000, "the rest is served while the daemon hangs");
  const { status, text } = await hanging;
  assert.equal(status, 200);
  assert.match(text, /^subnetra_up 0$/m);
  assert.ok(performance.now() - started < 4000);
  node.child.kill("SIGCONT");
  await pause(1100);
  assert.equal((await get(`${url}/healthz`)).status, 200);

  node.child.kill("SIGKILL");
  await once(node.child, "close");
  await pause(1100);
  const down = await get(`${url}/healthz`);
  assert.equal(down.status, 503);
  assert.match(down.text, /^the daemon is not running \(socket /);
  assert.equal((await get(`${url}/metrics`)).status, 200);
  assert.match(
    said.text,
    /^exporter: no response from the daemon \(timed out\)\nexporter: the daemon answers\n/,
  );
  assert.match(said.text, /\nexporter: the daemon is not running \(socket .*\)\n$/);

  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "close"), [0, null]);
});

/** What the server sends to a raw connection until it closes it. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("latin1").on("data", (more: string) => {
      got += more;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
  });
}

test("strangers get short answers, and cannot keep the monitor out", { timeout: 120_000 }, async () => {
  const node = await daemon(3);
  const { child, url, port } = await exporter(node.socket);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
    assert.equal((await get(`${url}/metrics`, { method })).status, 405, method);
  assert.deepEqual(await get(`${url}/metrics`, { method: "HEAD" }).then(({ text }) => text), "");
  assert.equal((await get(`${url}/metrics?x=1`)).status, 200);
  assert.equal((await get(`${url}/../../etc/passwd`)).status, 404);
  assert.match(
    await raw(port, `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await raw(port, "\x16\x03\x01 nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.equal(await raw(port, "CONNECT evil:1 HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  const posted = await raw(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc");
  assert.match(posted, /^HTTP\/1\.1 405 /);

  // 200 connections that say nothing, and some that send a header byte by byte.
  const idle: Socket[] = [];
  for (let i = 0; i < 200; i++) idle.push(connect(port, "127.0.0.1").on("error", () => {}));
  const drip = setInterval(() => {
    for (const socket of idle) if (socket.writable) socket.write("G");
  }, 500);
  const started = performance.now();
  for (;;) {
    const answered = await get(`${url}/metrics`).catch(() => null);
    if (answered?.status === 200) break;
    assert.ok(performance.now() - started < 15_000, "a scrape is answered while they hold on");
    await pause(250);
  }
  clearInterval(drip);
  for (const socket of idle) socket.destroy();
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "close"), [0, null]);
});

test("16,000 peers come in one scrape that promtool accepts; who reads nothing does not delay others", {
  timeout: 120_000,
}, async () => {
  const node = await daemon(16_000);
  const { child, url, port } = await exporter(node.socket);
  const deaf = connect(port, "127.0.0.1", () => deaf.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
  deaf.on("error", () => {}).pause();
  const before = cpuSecondsOf(child.pid!);
  const { text } = await get(`${url}/metrics`);
  assert.equal(text.match(/^subnetra_peer_rx_packets_total\{.* 18446744073709551615$/gm)!.length, 16_000);
  // Processor time, because the machine may be busy with other tests.
  const used = cpuSecondsOf(child.pid!) - before;
  assert.ok(used < 5, `${used} s of processor time`);
  console.log(`16,000 peers: ${text.length} bytes, ${used.toFixed(2)} s of processor time`);
  await pause(1100);
  const heard = node.heard.length;
  await get(`${url}/metrics`);
  assert.ok(!node.heard.slice(heard).includes("status --json"), "it begins with pages now");
  if (!needsPromtool) assert.equal(promtool(["check", "metrics"], text), "");
  deaf.destroy();
});

test("the text file is whole, public and alone in its folder", { timeout: 60_000 }, async () => {
  const node = await daemon(3);
  const place = join(folder, "made/for/it");
  const file = join(place, "subnetra.prom");
  const env = { ...process.env, SUBNETRA_SOCK: node.socket };
  for (const tool of [["exporter", "--once"], ["metrics"]]) {
    const command = 'umask 077; exec "$0" "$@"';
    const args = ["-c", command, process.execPath, subnetra, ...tool, "--textfile", file];
    const result = await new Promise<number | null>((resolve) => {
      spawn("sh", args, { env, stdio: "inherit" }).on("close", resolve);
    });
    assert.equal(result, 0);
    assert.equal(statSync(file).mode & 0o777, 0o644);
    assert.match(readFileSync(file, "utf8"), /^subnetra_up 1$/m);
    assert.deepEqual(readdirSync(place), ["subnetra.prom"]);
    rmSync(file);
  }
  const loop = spawn(process.execPath, [subnetra, "exporter", "--textfile", file], { env, stdio: "inherit" });
  children.push(loop);
  while (!readdirSync(place).includes("subnetra.prom")) await pause(50);
  loop.kill("SIGTERM");
  assert.deepEqual(await once(loop, "close"), [0, null]);

  node.child.kill("SIGKILL");
  await once(node.child, "close");
  const down = spawnSync(process.execPath, [subnetra, "metrics", "--textfile", file], {
    env,
    encoding: "utf8",
  });
  assert.equal(down.status, 0);
  assert.match(down.stderr, /^metrics: the daemon is not running \(socket .*\)\n$/);
  assert.match(readFileSync(file, "utf8"), /\nsubnetra_up 0\n$/);
  // A folder of that name cannot be replaced by a file: the failure is told, and nothing is left behind.
  mkdirSync(join(place, "taken.prom"));
  const failed = spawnSync(process.execPath, [subnetra, "metrics", "--textfile", join(place, "taken.prom")], {
    env,
    encoding: "utf8",
  });
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /^metrics: cannot write .*taken\.prom .*\nerror: WriteFailed\n$/m);
  assert.deepEqual(readdirSync(place).sort(), ["subnetra.prom", "taken.prom"]);
});

test("wrong arguments and a port in use are told", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  for (const [args, complaint] of [
    [["--listen", `127.0.0.1:${port}`], /cannot listen on 127.* \(another program has this port; /],
    [["--listen", "9477"], /--listen must be ADDR:PORT/],
    [["--listen", "127.0.0.1:70000"], /--listen must be ADDR:PORT/],
    [["--listen", "127.0.0.1:1", "--textfile", "x"], /choose one of/],
    [["--once"], /--once needs --textfile FILE/],
  ] as const) {
    const child = spawn(process.execPath, [subnetra, "exporter", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.push(child);
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 1);
    assert.match(err, complaint);
  }
  taken.close();
});
