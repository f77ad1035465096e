// Node's own events reach a program whose node waits for packets: no lost wake-ups, idle or under load.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { READY_STOP, READY_UDP } from "../../src/core/sys.ts";
import { loadEngine } from "../../src/engine/load.ts";
import { drive } from "../../src/platform/nodejs/driver.ts";
import { NodejsSys } from "../../src/platform/nodejs/sys.ts";
import { Stage } from "../support/platform/staging.ts";

const PORT = 41_500;

/** A node that only waits and drains; with `echo` it sends itself a datagram for every one it gets. */
class Waiter {
  readonly engine = loadEngine();
  readonly sys = new NodejsSys(this.engine, { restart: false });
  readonly port: number;
  turns = 0;
  datagrams = 0;
  private readonly echo: boolean;

  constructor(port: number, echo: boolean) {
    this.port = port;
    this.echo = echo;
    assert.equal(this.sys.udpOpen(port), 0);
  }

  turn(): boolean {
    this.turns++;
    const ready = this.sys.wait(-1);
    if ((ready & READY_STOP) !== 0) return false;
    if ((ready & READY_UDP) !== 0) {
      for (let n = this.sys.udpReceive(0); n > 0; n = this.sys.udpReceive(0)) this.datagrams += n;
      if (this.echo) this.send();
    }
    return true;
  }

  send(): void {
    const stage = new Stage(this.engine);
    stage.udp(this.sys, { address: "127.0.0.1", port: this.port }, [Uint8Array.of(1)]);
    this.sys.udpSend(1);
  }

  async run(work: () => Promise<void>): Promise<void> {
    const running = drive(this, this.sys);
    try {
      await work();
    } finally {
      this.sys.requestStop();
      await running;
      this.sys.closeAll();
    }
  }
}

/** Everything Node offers that ends in a callback. */
async function useNode(): Promise<void> {
  // A wake-up that is lost never comes: the test's time-out tells.
  await delay(50);
  await new Promise(setImmediate);
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.ok((await readFile("/proc/self/status", "latin1")).startsWith("Name:"));
  const receiver = createSocket("udp4");
  await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  const arrived = new Promise((resolve) => receiver.once("message", resolve));
  receiver.send("x", receiver.address().port, "127.0.0.1");
  await arrived;
  receiver.close();
  // Not SIGUSR1 or SIGUSR2: Node's debugger and diagnostic reports listen to those.
  const signal = new Promise((resolve) => process.once("SIGHUP", resolve));
  process.kill(process.pid, "SIGHUP");
  await signal;
}

test("Node's events arrive while the node is idle, and it sleeps in between", {
  timeout: 20_000,
}, async () => {
  const node = new Waiter(PORT, false);
  await node.run(async () => {
    await useNode();
    const before = node.turns;
    await delay(1000);
    assert.ok(node.turns - before < 20, `${node.turns - before} turns in an idle second`);
    const sender = createSocket("udp4");
    sender.send("wake", PORT, "127.0.0.1");
    while (node.datagrams === 0) await delay(10);
    assert.equal(node.datagrams, 1);
    sender.close();
  });
});

test("Node's events arrive while the node is never idle", { timeout: 20_000 }, async () => {
  const node = new Waiter(PORT + 1, true);
  node.send();
  await node.run(async () => {
    for (let i = 0; i < 5; i++) await useNode();
    assert.ok(node.datagrams > 1000, `${node.datagrams} datagrams`);
  });
});

test("Node's events arrive in a worker thread, where libuv is out of reach", {
  timeout: 20_000,
}, async () => {
  const worker = new Worker(new URL("../support/platform/worker-node.js", import.meta.url));
  const message = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  assert.equal(message, "done");
  await worker.terminate();
});
