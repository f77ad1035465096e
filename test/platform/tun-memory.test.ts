// Two nodes with TUNs in memory exchange packets over loopback UDP; no privilege is needed.

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isRoot } from "../support/platform/requirements.ts";

const PSK = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";

/** One of two nodes that are each other's only peer: ids 1 and 2, 10.9.0.1 and 10.9.0.2, ports 41401 and 41402. */
function config(id: number): object {
  const other = 3 - id;
  return {
    role: "spoke",
    local_id: id,
    local_tun_ip: `10.9.0.${id}/24`,
    virtual_subnet: "10.9.0.0/24",
    listen_ports: [41400 + id],
    peers: [
      { id: other, endpoint: `127.0.0.1:${41400 + other}`, allowed_src: `10.9.0.${other}/32`, psk: PSK },
    ],
  };
}

/** A bare IPv4 packet between two hosts of 10.9.0.0/24. */
function packet(from: number, to: number, length: number): string {
  const bytes = Buffer.alloc(length, length & 255);
  bytes.writeUInt8(0x45, 0);
  bytes.writeUInt16BE(length, 2);
  bytes.set([10, 9, 0, from, 10, 9, 0, to], 12);
  return bytes.toString("hex");
}

test("packets cross between two nodes with TUNs in memory", { timeout: 20_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), "subnetra-memory-"));
  const program = fileURLToPath(new URL("../support/platform/tun-memory-node.js", import.meta.url));
  const start = async (id: number): Promise<ChildProcess> => {
    const file = join(directory, `${id}.json`);
    writeFileSync(file, JSON.stringify(config(id)), { mode: 0o600 });
    const env = { ...process.env, SUBNETRA_SOCK: join(directory, `${id}.sock`) };
    // Without a restart only a process that has no capabilities may run a node.
    const execPath = isRoot ? "setpriv" : process.execPath;
    const execArgv = isRoot ? ["--bounding-set=-all", "--inh-caps=-all", process.execPath] : [];
    const child = fork(program, ["--config", file], { env, execPath, execArgv, silent: true });
    const [message] = await once(child, "message");
    assert.equal(message, "ready");
    return child;
  };
  const first = await start(1);
  const second = await start(2);
  try {
    for (const length of [20, 100, 1436]) {
      const arrived = once(first, "message");
      second.send(packet(2, 1, length));
      assert.equal((await arrived)[0], packet(2, 1, length));
      const returned = once(second, "message");
      first.send(packet(1, 2, length));
      assert.equal((await returned)[0], packet(1, 2, length));
    }
  } finally {
    first.disconnect();
    second.disconnect();
    const [code] = await once(first, "exit");
    assert.equal(code, 0);
    assert.ok(!existsSync(join(directory, "1.sock")));
    rmSync(directory, { recursive: true });
  }
});
