// Nobody but the daemon answers the client (control-protocol.md §8): another user floods every abstract socket name
// with forged replies while requests go their way.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ClientSocket } from "../../src/core/control/client-socket.ts";
import { NodejsClientSys } from "../../src/platform/nodejs/client-sys.ts";
import { subnetra } from "../support/platform/daemon.ts";
import { needsRoot } from "../support/platform/requirements.ts";
import { tiny } from "../support/tiny/tiny.ts";

const REQUESTS = 2000;
const RUNS = 40;
const helper = (name: string) => fileURLToPath(new URL(`../support/platform/${name}.js`, import.meta.url));

test("of forged replies none is accepted, of genuine ones all are", {
  skip: needsRoot,
  timeout: 300_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "subnetra-forged-"));
  chmodSync(directory, 0o711);
  const path = join(directory, "control.sock");
  const answerer = spawn(process.execPath, [helper("answerer"), path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(answerer.stdout, "data");
  const forgerCommand = ["--reuid=65534", "--clear-groups", process.execPath, helper("forger")];
  const forger = spawn("setpriv", forgerCommand, { stdio: ["pipe", "pipe", "inherit"] });
  await once(forger.stdout, "data");
  try {
    const sys = new NodejsClientSys();
    let genuine = 0;
    for (let i = 0; i < REQUESTS; i++) {
      const client = ClientSocket.open(sys, path, true);
      assert.ok(client instanceof ClientSocket);
      while (client.send("status") < 0) sys.poll(-1, 0, 1);
      if (client.receive(2000) === "genuine\n") genuine++;
      client.close();
    }
    assert.equal(genuine, REQUESTS);
    const clients = [[process.execPath, subnetra], ...(existsSync(tiny) ? [[tiny, "subnetra"]] : [])];
    for (const [program, ...args] of clients) {
      for (let i = 0; i < RUNS / clients.length; i++) {
        const child = spawn(program!, [...args, "status"], { env: { ...process.env, SUBNETRA_SOCK: path } });
        let out = "";
        child.stdout.setEncoding("latin1").on("data", (text: string) => {
          out += text;
        });
        await once(child, "close");
        assert.equal(out, "genuine\n");
      }
    }
    const report = once(forger.stdout, "data");
    forger.stdin.end();
    const [, tried, taken] = String((await report)[0]).match(/tried=(\d+) taken=(\d+)/)!;
    // The forger did find the clients, or this shows nothing.
    assert.ok(Number(tried) > 1000, `tried ${tried}`);
    console.log(`forged: ${tried} tried, ${taken} taken by any socket of this machine`);
  } finally {
    answerer.kill();
    forger.kill();
    rmSync(directory, { recursive: true });
  }
});
