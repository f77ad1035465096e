// Signals, idle CPU and the socket file of a real daemon.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { Daemon, finished, sleep, spokeConfig, subnetra } from "../support/platform/daemon.ts";
import { needsTun } from "../support/platform/requirements.ts";

/** Sends junk datagrams to the daemon for a while. */
const FLOOD = `
const socket = require("node:dgram").createSocket("udp4");
const junk = Buffer.alloc(100, 7);
const end = Date.now() + 3000;
const burst = () => {
  for (let i = 0; i < 64; i++) socket.send(junk, 18020, "127.0.0.1");
  if (Date.now() < end) setImmediate(burst); else socket.close();
};
burst();
`;

describe("a running daemon", { skip: needsTun }, () => {
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    test(`${name} while idle ends it with status 0 and removes the socket file`, async () => {
      const daemon = new Daemon(spokeConfig());
      try {
        await daemon.ready();
        assert.ok(existsSync(daemon.socket));
        await sleep(200);
        const since = Date.now();
        daemon.signal(name);
        assert.deepEqual(await daemon.exited, { code: 0, signal: null });
        assert.ok(Date.now() - since < 2000, "at once, not at some time-out");
        assert.ok(!existsSync(daemon.socket));
      } finally {
        await daemon.dispose();
      }
    });
  }

  test("SIGTERM under load ends it with status 0 and removes the socket file", async () => {
    const daemon = new Daemon(spokeConfig());
    try {
      await daemon.ready();
      const flood = daemon.inside([process.execPath, "-e", FLOOD]);
      await sleep(700);
      const status = await finished(daemon.inside([process.execPath, subnetra, "status"]));
      assert.match(status.out, /(unknown_peer|scan_budget)=[1-9]/);
      daemon.signal("SIGTERM");
      assert.deepEqual(await daemon.exited, { code: 0, signal: null });
      assert.ok(!existsSync(daemon.socket));
      flood.kill("SIGKILL");
    } finally {
      await daemon.dispose();
    }
  });

  test("a signal at any moment of the start leaves no socket file", async () => {
    for (let delay = 20; delay <= 420; delay += 40) {
      const daemon = new Daemon(spokeConfig());
      try {
        await sleep(delay);
        daemon.signal("SIGTERM");
        await daemon.exited;
        assert.ok(!existsSync(daemon.socket), `killed after ${delay} ms: ${daemon.output}`);
      } finally {
        await daemon.dispose();
      }
    }
  });

  test("an idle daemon uses no CPU", async () => {
    const daemon = new Daemon(spokeConfig());
    try {
      await daemon.ready();
      // Compilation in the background comes to an end first.
      await sleep(1000);
      const before = daemon.cpuTicks();
      await sleep(5000);
      assert.ok(daemon.cpuTicks() - before <= 1, `${daemon.cpuTicks() - before} ticks in 5 s`);
    } finally {
      await daemon.dispose();
    }
  });
});

describe("the control socket of a daemon", { skip: needsTun }, () => {
  test("has mode 0600 under umask 0, and refuses a second user", async () => {
    const daemon = new Daemon(spokeConfig(), { umask: "0" });
    try {
      const { chmodSync, statSync } = await import("node:fs");
      await daemon.ready();
      assert.equal(statSync(daemon.socket).mode & 0o777, 0o600);
      chmodSync(daemon.directory, 0o755);
      const ask = [process.execPath, subnetra, "status"];
      assert.equal((await finished(daemon.inside(ask))).code, 0);
      const other = ["setpriv", "--reuid=65534", "--clear-groups", ...ask];
      const refused = await finished(daemon.inside(other));
      assert.equal(refused.code, 1);
      assert.equal(refused.err, "subnetra: control request failed (SendFailed)\n");
      assert.equal(refused.out, "");
    } finally {
      await daemon.dispose();
    }
  });

  test("is taken over when stale, and left alone when live", async () => {
    const first = new Daemon(spokeConfig());
    try {
      await first.ready();
      const second = new Daemon(spokeConfig(), { env: { SUBNETRA_SOCK: first.socket } });
      try {
        assert.equal((await second.exited).code, 1);
        assert.match(second.output, /control socket bind failed \(BindFailed\) at /);
      } finally {
        await second.dispose();
      }
      const status = await finished(first.inside([process.execPath, subnetra, "status"]));
      assert.equal(status.code, 0);
      first.signal("SIGKILL");
      await first.exited;
      assert.ok(existsSync(first.socket), "SIGKILL leaves the node");
      const third = new Daemon(spokeConfig(), { env: { SUBNETRA_SOCK: first.socket } });
      try {
        await third.ready();
      } finally {
        await third.dispose();
      }
    } finally {
      await first.dispose();
    }
  });

  test("a start that fails late leaves no node and no device", async () => {
    const config = JSON.parse(spokeConfig());
    config.listen_ports = [18020, 18020 + 1];
    const daemon = new Daemon(JSON.stringify(config), { prefix: ["sh", "-c", HOLD_PORT, "sh"] });
    try {
      assert.equal((await daemon.exited).code, 1);
      assert.match(daemon.output, /udp bind failed \(UdpBindFailed\) on port 18021/);
      assert.ok(!existsSync(daemon.socket));
    } finally {
      await daemon.dispose();
    }
  });
});

/** Holds port 18021 in the daemon's namespace while the daemon starts. */
const HOLD_PORT = `node -e 'require("node:dgram").createSocket("udp4").bind(18021); setTimeout(() => process.exit(), 4000)' &
sleep 0.5; exec "$@"`;
