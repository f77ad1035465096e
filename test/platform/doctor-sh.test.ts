// deploy/doctor.sh under dash and BusyBox's shell: on a machine that has everything, and in roots that lack something.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { findCommand, labObstacle } from "../../lab/prerequisites.ts";
import { root } from "../../lab/project.ts";

const SCRIPT = join(root, "deploy/doctor.sh");
const busybox = findCommand("busybox");
const dash = findCommand("dash");
const shells = [...(dash ? [[dash]] : []), ...(busybox ? [[busybox, "ash"]] : [])];
const folder = mkdtempSync(join(tmpdir(), "subnetra-doctor-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function sh(words: readonly string[], ...args: string[]) {
  const result = spawnSync(words[0]!, [...words.slice(1), SCRIPT, ...args], { encoding: "utf8" });
  return { status: result.status, lines: result.stdout.trimEnd().split("\n"), stderr: result.stderr };
}

test("shellcheck has nothing to say", { skip: findCommand("shellcheck") ? false : "no shellcheck" }, () => {
  const result = spawnSync("shellcheck", ["-s", "sh", SCRIPT], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stdout);
});

for (const shell of shells) {
  const obstacle = labObstacle() ?? (findCommand("ip") ? undefined : "no ip");
  describe(shell.join(" "), () => {
    test("passes where everything is there", { skip: obstacle ?? false }, () => {
      const { status, lines, stderr } = sh(shell);
      assert.equal(stderr, "");
      assert.equal(status, 0, lines.join("\n"));
      assert.equal(lines.at(-1), "doctor: all hard checks PASSED");
      for (const line of lines.slice(0, -1)) assert.match(line, /^(PASS|WARN) {2}\S/);
      assert.equal(lines.length, 6);
    });

    test("fails without the capability", { skip: obstacle ?? false }, () => {
      const wrap = ["setpriv", "--reuid=65534", "--clear-groups", "--", ...shell];
      const { status, lines } = sh(wrap);
      assert.equal(status, 1);
      assert.ok(lines.includes("FAIL  neither root nor CAP_NET_ADMIN: run as root"), lines.join("\n"));
      const bound = sh(["setpriv", "--bounding-set=-net_admin", "--", ...shell]);
      assert.match(bound.lines.join("\n"), /^FAIL {2}root without CAP_NET_ADMIN/m);
    });

    test("refuses what it does not know, and has help", () => {
      assert.equal(sh(shell, "--fix").status, 1);
      assert.match(sh(shell, "--help").lines[0]!, /^usage: doctor\.sh$/);
    });
  });
}

// A root with nothing but a shell's tools: no device, no ip, no time source, and a clock of the test's own.
const noRoot = labObstacle() ?? (busybox ? undefined : "no busybox");
test("says everything that a bare root lacks", { skip: noRoot ?? false }, () => {
  for (const name of ["bin", "proc", "etc", "dev"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "dev/null"), "");
  copyFileSync(busybox!, join(folder, "bin/busybox"));
  const libraries = spawnSync("ldd", [busybox!], { encoding: "utf8" }).stdout;
  for (const [path] of libraries.matchAll(/\/\S+\.so\S*/g)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    copyFileSync(path, join(folder, path));
  }
  copyFileSync(SCRIPT, join(folder, "doctor.sh"));
  writeFileSync(join(folder, "bin/date"), "#!/bin/busybox sh\necho 1970\n", { mode: 0o755 });
  for (const applet of ["sh", "grep", "sed", "id"])
    writeFileSync(join(folder, "bin", applet), `#!/bin/busybox sh\nexec /bin/busybox ${applet} "$@"\n`, {
      mode: 0o755,
    });
  const result = spawnSync(findCommand("chroot") ?? "chroot", [folder, "/bin/busybox", "ash", "/doctor.sh"], {
    encoding: "utf8",
    env: { PATH: "/bin" },
  });
  assert.equal(result.status, 1, result.stderr);
  assert.ok(!existsSync(join(folder, "dev/net/tun")));
  const text = result.stdout;
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.match(text, /^FAIL {2}\/dev\/net\/tun is not a character device: modprobe tun/m);
  assert.match(text, /^FAIL {2}the clock says 1970: set it; subnetrad needs 2024 or later/m);
  assert.match(text, /^WARN {2}no time source found/m);
  assert.match(text, /doctor: one or more hard checks FAILED\n$/);
});
