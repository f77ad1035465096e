// A node with a TUN in memory and the host behind it, run as a child process of the demo.
//
//   node memory-node.js <configuration file> <overlay address>
//
// The daemon is the real one over real UDP sockets and a real control socket. The host behind the TUN answers pings
// and moves files. The parent asks for things by messages; when it goes away, so does the node.

import { createHash, randomFillSync } from "node:crypto";
import { startDaemon } from "../src/core/daemon.ts";
import { loadEngine } from "../src/engine/load.ts";
import { drive } from "../src/platform/nodejs/driver.ts";
import { NodejsSys } from "../src/platform/nodejs/sys.ts";
import { MemoryTun } from "../src/platform/nodejs/tun-memory.ts";
import {
  ECHO_REPLY,
  ECHO_REQUEST,
  echo,
  echoNumber,
  newPacket,
  PROTOCOL_ICMP,
  PROTOCOL_STREAM,
  type Received,
  readPacket,
} from "./inner-packet.ts";
import { type Send, StreamReceiver, StreamSender } from "./inner-stream.ts";
import type { Transfer } from "./mesh.ts";

/** What the parent may ask. */
export type Request =
  | { ask: "ping"; target: string; count: number }
  | { ask: "offer"; bytes: number; client: string }
  | { ask: "fetch"; server: string; total: number };

/** What the node tells. */
export type Report =
  | { tell: "ready" }
  | { tell: "pinged"; received: number; averageMs: number }
  | { tell: "offered"; sha256: string }
  | { tell: "transfer"; transfer: Transfer };

const PING_EVERY_MS = 200;
const PING_WAIT_MS = 2000;
const PING_DATA = new Uint8Array(56);
const REPORT_MS = 50;

const [configPath, address] = process.argv.slice(2) as [string, string];
const engine = loadEngine();
const tun = new MemoryTun(engine, delivered);
const sys = new NodejsSys(engine, { restart: false, tun });

let stream: StreamSender | StreamReceiver | undefined;
const pending = new Map<number, (replied: boolean) => void>();

function tell(report: Report): void {
  process.send?.(report);
}

function delivered(packet: Uint8Array): void {
  const received = readPacket(packet);
  if (!received) return;
  if (received.protocol === PROTOCOL_STREAM) stream?.receive(received.payload);
  if (received.protocol === PROTOCOL_ICMP) answerEcho(received);
}

function answerEcho({ source, payload }: Received): void {
  if (payload[0] === ECHO_REQUEST) {
    tun.inject(echo(address, source, ECHO_REPLY, echoNumber(payload), payload.subarray(8)));
  }
  if (payload[0] === ECHO_REPLY) pending.get(echoNumber(payload))?.(true);
}

function pingOnce(target: string, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), PING_WAIT_MS);
    const settle = (replied: boolean) => {
      clearTimeout(timer);
      pending.delete(number);
      resolve(replied);
    };
    pending.set(number, settle);
    tun.inject(echo(address, target, ECHO_REQUEST, number, PING_DATA));
  });
}

async function ping(target: string, count: number): Promise<void> {
  let received = 0;
  let totalMs = 0;
  for (let number = 1; number <= count; number++) {
    const started = performance.now();
    if (await pingOnce(target, number)) {
      received++;
      totalMs += performance.now() - started;
    }
    await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
  }
  tell({ tell: "pinged", received, averageMs: totalMs / received });
}

function sendTo(target: string): Send {
  return (length, fill) => {
    const { packet, payload } = newPacket(address, target, PROTOCOL_STREAM, length);
    fill(payload);
    return tun.inject(packet);
  };
}

function offer(bytes: number, client: string): void {
  const file = randomFillSync(new Uint8Array(bytes));
  stream = new StreamSender(file, sendTo(client));
  tell({ tell: "offered", sha256: createHash("sha256").update(file).digest("hex") });
}

function fetch(server: string, total: number): void {
  const hash = createHash("sha256");
  const started = performance.now();
  let received = 0;
  let longestGapMs = 0;
  let lastData = started;
  const report = (end: object = {}) =>
    tell({ tell: "transfer", transfer: { received, total, longestGapMs, ...end } });
  const timer = setInterval(report, REPORT_MS);
  stream = new StreamReceiver(sendTo(server), (data, last) => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, Math.round(now - lastData));
    lastData = now;
    received += data.length;
    hash.update(data);
    if (!last) return;
    clearInterval(timer);
    report({ seconds: (now - started) / 1000, sha256: hash.digest("hex") });
  });
}

process.on("message", (request: Request) => {
  if (request.ask === "ping") void ping(request.target, request.count);
  if (request.ask === "offer") offer(request.bytes, request.client);
  if (request.ask === "fetch") fetch(request.server, request.total);
});
process.on("disconnect", () => sys.requestStop());
// The parent decides when a Ctrl-C ends the mesh.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => sys.requestStop());

const node = startDaemon({ engine, sys }, ["--config", configPath]);
if ("exit" in node) process.exit(node.exit);
tell({ tell: "ready" });
await drive(node, sys);
node.stop();
process.exit(0);
