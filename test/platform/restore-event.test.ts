// A uevent of the kernel that says NEW_VMGENID=1 brings a new epoch; no other, and nobody else's.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compiled, root } from "../../lab/project.ts";
import { epochOf } from "../support/abuse/secrets.ts";
import { Daemon, finished, PSK, sleep, spokeConfig, subnetrad } from "../support/platform/daemon.ts";
import { needsTun } from "../support/platform/requirements.ts";

const STATIC_FILE = join(root, "dist/tiny/subnetra-linux-amd64");
const BUILDS = [
  { name: "Node.js", program: [process.execPath, subnetrad], skip: false },
  {
    name: "static file",
    program: [STATIC_FILE, "subnetrad"],
    skip: !existsSync(STATIC_FILE) && "not built: npm run build:tiny",
  },
];
/** Prints every datagram that comes to the hub's place. */
const HUB = `require("node:dgram").createSocket("udp4").on("message", (m) => console.log(m.toString("hex")))
  .bind(18030, "127.0.0.1")`;

for (const { name, program, skip } of BUILDS) {
  test(`a restored machine, ${name}`, { skip: needsTun || skip }, async () => {
    const daemon = new Daemon(spokeConfig(1), { program });
    try {
      await daemon.ready();
      const hub = daemon.inside([process.execPath, "-e", HUB]);
      const seen: string[] = [];
      hub.stdout!.setEncoding("latin1").on("data", (text: string) => {
        seen.push(...text.trim().split("\n"));
      });
      const tell = async (field: string, port: number) => {
        const script = compiled("test/support/platform/send-uevent.ts");
        const told = await finished(daemon.inside([process.execPath, script, field, String(port)]));
        assert.equal(told.code, 0, told.err);
      };
      /** The epoch of the next keepalive. */
      const epoch = async (): Promise<bigint> => {
        // The one on its way may be older than what was told.
        for (const end = seen.length + 2; seen.length < end; ) await sleep(50);
        return epochOf(Buffer.from(PSK, "hex"), 2, 1, Buffer.from(seen.at(-1)!, "hex"));
      };
      const first = await epoch();
      await tell("NOT_NEW_VMGENID=1", 0);
      await tell("NEW_VMGENID=10", 0);
      // The daemon's socket has its process id for a port id.
      await tell("NEW_VMGENID=1", daemon.pid);
      assert.equal(await epoch(), first);
      await tell("NEW_VMGENID=1", 0);
      assert.ok((await epoch()) > first);
      hub.kill("SIGKILL");
    } finally {
      await daemon.dispose();
    }
  });
}
