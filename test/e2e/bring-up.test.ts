// --up and NOTIFY_SOCKET, daemon-cli.md §9 and §10, with the daemons of the star.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, afterEach, it } from "node:test";
import type { MeshNode } from "../../lab/mesh-node.ts";
import { ping } from "../../lab/ping.ts";
import { until } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { B_OVERLAY, Star } from "../../lab/star.ts";
import { closeFile } from "../../src/platform/nodejs/files.ts";
import { unixBind, unixOpen, unixReceive } from "../../src/platform/nodejs/linux/unix.ts";
import { endToEnd } from "../support/e2e/suite.ts";

endToEnd("Bring-up", () => {
  const star = new Star("up", {
    builds,
    kind: "roles",
    adjust: (name, config) => {
      if (name === "a")
        Object.assign(config, { remote_routes: ["10.0.0.0/24", "192.168.8.77/24", "0.0.0.0/0"] });
    },
  });
  const ip = (node: MeshNode, ...words: string[]) => star.lab.exec(node.name, ["ip", ...words]);
  const up = async (node: MeshNode, options = {}) => {
    await node.spawn({ args: ["--up"], ...options }).seen(/\[ready\]/);
  };
  /** Starts a daemon that must fail: what it printed. */
  const refused = async (node: MeshNode, options = {}): Promise<string> => {
    const daemon = node.spawn({ args: ["--up"], ...options });
    await until("the daemon to end", 20000, () => daemon.exitCode !== undefined);
    assert.equal(daemon.exitCode, 1);
    return daemon.stderr;
  };
  afterEach(async () => {
    for (const node of star.nodes) await node.stop();
  });
  after(() => star.close());

  it("three daemons bring themselves up and A pings B; what is set is what the plan prints", async () => {
    await Promise.all(star.nodes.map((node) => up(node)));
    assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 }).received, 3);
    assert.match(ip(star.a, "-4", "addr", "show", "snr0").stdout, /mtu 1400[\s\S]*inet 10\.0\.0\.2\/24 /);
    const routes = ip(star.a, "route", "show", "dev", "snr0").stdout;
    const plan = star.lab.exec("a", [
      ...star.a.build.client,
      "--print-network-plan",
      "--config",
      star.a.configPath,
    ]);
    const planned = [...plan.stdout.matchAll(/^ip route add (\S+) dev snr0$/gm)].map(([, prefix]) => prefix);
    assert.deepEqual(planned, ["192.168.8.0/24"]);
    assert.deepEqual(
      routes
        .split("\n")
        .map((line) => line.split(" ")[0])
        .filter(Boolean)
        .sort(),
      ["10.0.0.0/24", "192.168.8.0/24"],
    );
    assert.equal(ip(star.a, "route", "show", "default").stdout, "");
    await star.a.stop();
    assert.notEqual(ip(star.a, "link", "show", "snr0").status, 0);
    assert.doesNotMatch(ip(star.a, "route").stdout, /snr0/);
  });

  it("a device that is there with its address and route is no obstacle, twice", async () => {
    assert.equal(ip(star.a, "tuntap", "add", "snr0", "mode", "tun").status, 0);
    ip(star.a, "addr", "add", "10.0.0.2/24", "dev", "snr0");
    ip(star.a, "link", "set", "snr0", "up");
    ip(star.a, "route", "add", "192.168.8.0/24", "dev", "snr0");
    for (let i = 0; i < 2; i++) {
      await up(star.a, { args: [], env: { SUBNETRA_UP: "1" } });
      assert.equal(ip(star.a, "route", "show", "192.168.8.0/24").stdout.match(/snr0/g)?.length, 1);
      assert.equal(ip(star.a, "-4", "addr", "show", "snr0").stdout.match(/inet /g)?.length, 1);
      await star.a.stop();
    }
    ip(star.a, "link", "del", "snr0");
  });

  it("a prefix that leads elsewhere ends the start and stays as it was", async () => {
    ip(star.a, "addr", "add", "192.168.8.1/24", "dev", "u0");
    const route = await refused(star.a);
    assert.match(route, /^bring-up failed \(BringUpFailed\) at: ip route add 192\.168\.8\.0\/24 dev snr0$/m);
    assert.match(route, /192\.168\.8\.0\/24 already leads to the interface u0; remove that route/);
    assert.match(ip(star.a, "route").stdout, /192\.168\.8\.0\/24 dev u0/);
    assert.notEqual(ip(star.a, "link", "show", "snr0").status, 0);
    ip(star.a, "addr", "del", "192.168.8.1/24", "dev", "u0");
    ip(star.a, "addr", "add", "10.0.0.77/24", "dev", "u0");
    assert.match(
      await refused(star.a),
      /at: ip addr add 10\.0\.0\.2\/24 dev snr0\n.*already leads to the interface u0/,
    );
    ip(star.a, "addr", "del", "10.0.0.77/24", "dev", "u0");
  });

  it("without CAP_NET_ADMIN the first step is named, and the remedy", async () => {
    ip(star.a, "tuntap", "add", "snr0", "mode", "tun", "user", "0");
    const output = await refused(star.a, {
      wrap: ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"],
    });
    assert.match(
      output,
      /bring-up failed \(BringUpFailed\) at: ip link set snr0 mtu 1400 up\n.*CAP_NET_ADMIN/,
    );
    ip(star.a, "link", "del", "snr0");
  });

  it("a service manager hears READY, STATUS and STOPPING", async () => {
    const path = star.lab.path("a", "notify");
    const heard: string[] = [];
    const fd = unixOpen(0);
    assert.equal(unixBind(fd, path, 0o777), 0);
    const listen = () => {
      for (let text = unixReceive(fd, 4096); typeof text === "string"; text = unixReceive(fd, 4096))
        heard.push(text);
      return heard.length;
    };
    try {
      await Promise.all([up(star.hub), up(star.b)]);
      await up(star.a, { env: { NOTIFY_SOCKET: path } });
      await until("READY", 5000, () => listen() > 0);
      assert.equal(heard[0], "READY=1\nSTATUS=0 of 1 peers online");
      await until("STATUS", 12000, () => {
        ping(star.lab, "a", B_OVERLAY, { count: 1 });
        return listen() > 1;
      });
      assert.equal(heard[1], "STATUS=1 of 1 peers online");
      await star.a.stop();
      listen();
      assert.deepEqual(heard.slice(2), ["STOPPING=1\nSTATUS=stopping"]);
    } finally {
      closeFile(fd);
      rmSync(path, { force: true });
    }
  });
});
