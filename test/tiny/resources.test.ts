// Memory and start-up time of the file on this machine: a hub with 32 peers, its RSS under everything that a stranger
// and an operator can send it, and the time from exec to the ready line.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type NodeConfig, newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import { chooseBuilds } from "../../lab/project.ts";
import { root, skipUnless, skipWithout, tiny } from "../support/tiny/tiny.ts";

const PEERS = 32;
const PORT = 51820;
const RSS_LIMIT_KB = 4096;
const READY_LIMIT_MS = 100;
const STARTS = 5;

/** A hub with as many peers as the original holds, named and with rules of their own. */
function hubConfig(): NodeConfig {
  return {
    role: "hub",
    local_id: 1,
    listen_ports: [PORT, PORT + 1, PORT + 2],
    peers: Array.from({ length: PEERS }, (_, i) => ({
      id: i + 2,
      name: `spoke number ${i + 2}`,
      endpoint: `198.51.100.${i + 2}:18020`,
      allowed_src: `10.77.0.${i + 2}/32`,
      psk: newKey(),
    })),
  };
}

/** Starts the hub's daemon once, and ends it again. Milliseconds from spawn to the ready line. */
async function readyAfter(lab: Lab, hub: MeshNode): Promise<number> {
  const [program, ...args] = lab.inside("hub", [...hub.build.daemon, "--config", hub.configPath]);
  const start = performance.now();
  const child = spawn(program!, args, { env: { ...process.env, SUBNETRA_SOCK: hub.socketPath } });
  const ended = once(child, "exit");
  for await (const chunk of child.stderr) if (String(chunk).includes("[ready]")) break;
  const time = performance.now() - start;
  child.kill();
  await ended;
  return time;
}

describe("Memory and start", { skip: skipWithout("amd64") || skipUnless("ip") }, () => {
  let lab: Lab;
  let hub: MeshNode;

  before(async () => {
    lab = new Lab("tinymem");
    lab.addNamespace("hub");
    lab.ip("hub", "link set lo up");
    hub = new MeshNode(lab, "hub", chooseBuilds(tiny).hub, hubConfig());
    await hub.start();
  });
  after(() => lab?.close());

  const helper = (path: string, ...args: string[]) =>
    lab.exec("hub", [process.execPath, join(root, "dist", path), ...args], 120000);
  const requests = (count: number) =>
    helper("test/support/tiny/control-flood.js", hub.socketPath, "requests", String(count));
  /** Junk that arrives while the hub is held still: it then finds every receive buffer's worth at once. */
  const junk = () => {
    process.kill(hub.pid, "SIGSTOP");
    helper(
      "test/e2e/udp-probe.js",
      "127.0.0.1",
      String(PORT),
      `300x${"5a".repeat(1400)}`,
      `100x${"a5".repeat(3)}`,
    );
    process.kill(hub.pid, "SIGCONT");
  };

  it(`resident size with ${PEERS} peers stays under 4 MB, and flat to the byte once warm`, () => {
    const cold = hub.residentKb();
    junk();
    requests(600);
    const warm = hub.residentKb();
    const { stdout } = requests(1800);
    assert.equal(stdout, "sent=1800 answered=1200\n");
    junk();
    assert.equal(hub.residentKb(), warm, `${cold} kB at start`);
    assert.ok(warm < RSS_LIMIT_KB, `${warm} kB`);
    console.log(`# resident: ${cold} kB at start, ${warm} kB once warm`);
  });

  it("hostile control datagrams neither stop nor grow it", () => {
    helper("test/support/tiny/control-flood.js", hub.socketPath, "hostile", "600");
    const warm = hub.residentKb();
    helper("test/support/tiny/control-flood.js", hub.socketPath, "hostile", "1200");
    assert.equal(hub.residentKb(), warm);
    assert.match(hub.ask("status"), /^subnetra v/);
  });

  it("no capability is left", () => {
    const status = readFileSync(`/proc/${hub.pid}/status`, "utf8");
    assert.match(status, /Threads:\s+1\n/);
    assert.deepEqual(
      status.match(/Cap\w+:\s+\w+/g)?.map((line) => Number.parseInt(line.split(/\s+/)[1]!, 16)),
      [0, 0, 0, 0, 0],
    );
    assert.match(status, /NoNewPrivs:\s+1\n/);
  });

  it(`is ready within ${READY_LIMIT_MS} ms`, async () => {
    const times: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      await hub.stop();
      times.push(await readyAfter(lab, hub));
    }
    const best = Math.min(...times);
    console.log(`# ready after ${best.toFixed(0)} ms (best of ${STARTS}, from spawn)`);
    assert.ok(best < READY_LIMIT_MS, `${best} ms`);
    await hub.start();
  });

  it("SIGTERM ends it with status 0 and removes the socket", async () => {
    assert.equal(await hub.stop(), 0);
    assert.equal(hub.client("status").status, 1);
  });
});
