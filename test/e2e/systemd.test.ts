// The units: what systemd itself says about them where it is there, and the network set-up of network.conf, whose command
// runs here as systemd would run it, but without systemd.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, test } from "node:test";
import { sleep } from "../../lab/process.ts";
import { builds, root } from "../../lab/project.ts";
import { Star } from "../../lab/star.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const DROP_IN = readFileSync(join(root, "deploy/systemd/network.conf"), "utf8");
const UNITS = {
  "deploy/systemd/subnetrad.service": readFileSync(join(root, "deploy/systemd/subnetrad.service"), "utf8"),
  "docs/operations.md": /```ini\n([\s\S]*?)```/.exec(
    readFileSync(join(root, "docs/operations.md"), "utf8"),
  )![1]!,
};
const noSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? false : "needs systemd-analyze";

for (const [name, unit] of Object.entries(UNITS)) {
  test(`systemd finds nothing wrong with the unit in ${name} and with network.conf`, {
    skip: noSystemd,
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), "units-"));
    try {
      // The program is not installed here.
      const stand = (text: string) => text.replaceAll("/usr/local/bin/subnetrad", "/bin/true");
      mkdirSync(join(folder, "subnetrad.service.d"));
      writeFileSync(join(folder, "subnetrad.service"), stand(unit));
      writeFileSync(join(folder, "subnetrad.service.d/network.conf"), stand(DROP_IN));
      const verify = () =>
        spawnSync("systemd-analyze", ["verify", join(folder, "subnetrad.service")], {
          encoding: "utf8",
          env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
        });
      const good = verify();
      assert.equal(good.stderr, "");
      assert.equal(good.status, 0);
      // It would have said something.
      writeFileSync(join(folder, "subnetrad.service.d/network.conf"), "[Service]\nExecStartPost=relative\n");
      assert.notEqual(verify().stderr, "");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

endToEnd("network.conf", () => {
  it("waits for the interface, then gives it link, address and routes, and does so again after a restart", async () => {
    const star = new Star("unit", { builds, kind: "roles" });
    try {
      const line = /^ExecStartPost=\+\/bin\/sh -ec '(.*)'$/m.exec(DROP_IN)?.[1];
      assert.ok(line !== undefined, "the drop-in has its command");
      const daemon = [...builds.spokes.daemon].join(" ");
      const command = line
        .replaceAll("$$", "$")
        .replaceAll("/usr/local/bin/subnetrad", daemon)
        .replaceAll("/etc/subnetra/config.json", star.a.configPath);
      for (let start = 0; start < 2; start++) {
        star.a.writeConfig();
        const after = star.lab.start("a", "ExecStartPost", ["/bin/sh", "-ec", command], {
          SUBNETRA_TUN: "snr0",
        });
        await sleep(700);
        assert.equal(after.exitCode, undefined, after.output);
        await star.a.spawn().seen(/\[ready\]/);
        assert.equal(await after.exited(), 0, after.output);
        assert.match(star.lab.ip("a", "link show snr0"), /<.*UP.*> mtu 1400 /);
        assert.match(star.lab.ip("a", "addr show dev snr0"), /inet 10\.0\.0\.2\/24/);
        assert.match(star.lab.ip("a", "route show dev snr0"), /^10\.0\.0\.0\/24/m);
        await star.a.stop();
      }
    } finally {
      star.close();
    }
  });
});
