// deploy/install.sh and uninstall.sh under dash and BusyBox's ash, against a release folder on loopback.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it, test } from "node:test";
import { findCommand } from "../../lab/prerequisites.ts";
import { must } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate } from "../support/deploy/machine.ts";
import { fileOf, nativeTarget } from "../support/tiny/tiny.ts";

const VERSION = "v0.10.0";
const ARCHIVE = `subnetra-${VERSION}-linux-${nativeTarget}.tar.gz`;
const missing = ["curl", "busybox", "dash", "setsid"].filter((name) => findCommand(name) === undefined);
const skip =
  !gate &&
  (missing.length > 0
    ? `needs ${missing.join(", ")}`
    : !existsSync(fileOf(nativeTarget)) && "no static file: npm run build:tiny");

test("shellcheck accepts the scripts", {
  skip: !gate && findCommand("shellcheck") === undefined && "needs shellcheck",
}, () => {
  must(["shellcheck", join(root, "deploy/install.sh"), join(root, "deploy/uninstall.sh")]);
});

for (const shell of [["dash"], ["busybox", "ash"]]) {
  describe(`the installer under ${shell.join(" ")}`, { skip, timeout: 120000 }, () => {
    let folder: string;
    let releases: string;
    let server: Server;
    let url: string;
    let bin: string;
    let unitDir: string;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "subnetra-install-"));
      releases = join(folder, "download", VERSION);
      const packed = join(folder, `subnetra-${VERSION}-linux-${nativeTarget}`);
      mkdirSync(releases, { recursive: true });
      mkdirSync(packed);
      copyFileSync(fileOf(nativeTarget), join(packed, "subnetrad"));
      for (const unit of ["subnetrad.service", "subnetrad@.service"])
        copyFileSync(join(root, "deploy/systemd", unit), join(packed, unit));
      must([
        "tar",
        "-C",
        folder,
        "-czf",
        join(releases, ARCHIVE),
        `subnetra-${VERSION}-linux-${nativeTarget}`,
      ]);
      // As a releases page does: the latest one is told by a redirect, the files lie below download.
      server = createServer((request, response) => {
        if (request.url === "/latest") return response.writeHead(302, { location: `/tag/${VERSION}` }).end();
        const file = join(folder, request.url!);
        if (request.url!.startsWith("/tag/")) response.end("page");
        else if (existsSync(file) && statSync(file).isFile()) response.end(readFileSync(file));
        else response.writeHead(404).end();
        return undefined;
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      server?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      rmSync(join(folder, "target"), { recursive: true, force: true });
      bin = join(folder, "target/bin");
      unitDir = join(folder, "target/units");
      mkdirSync(bin, { recursive: true });
      writeSums(
        createHash("sha256")
          .update(readFileSync(join(releases, ARCHIVE)))
          .digest("hex"),
      );
    });

    const writeSums = (sum: string, name = ARCHIVE) =>
      writeFileSync(
        join(releases, "SHA256SUMS.txt"),
        `${sum}  ${name}\n${"0".repeat(64)}  other-${ARCHIVE}\n`,
      );

    /** Without a terminal, as from cron. The server is in this process: it must not wait for the script. */
    function script(name: string, args: string[], env: Record<string, string> = {}) {
      const child: ChildProcess = spawn("setsid", ["-w", ...shell, join(root, "deploy", name), ...args], {
        env: {
          PATH: process.env.PATH,
          SUBNETRA_RELEASE_URL: url,
          SUBNETRA_INSTALL_DIR: bin,
          SUBNETRA_UNIT_DIR: unitDir,
          TMPDIR: folder,
          ...env,
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream!.on("data", (chunk) => {
          output += chunk;
        });
      return new Promise<{ status: number | null; output: string }>((resolve) =>
        child.on("close", (status) => resolve({ status, output })),
      );
    }
    const nothing = () => assert.equal(existsSync(join(bin, "subnetrad")), false, "nothing was installed");

    it("installs the latest release, checked, and tells what is next", async () => {
      const { status, output } = await script("install.sh", ["--yes"]);
      assert.equal(status, 0, output);
      assert.match(output, /^checksum verified$/m);
      assert.match(output, new RegExp(`warning: ${bin} is not in PATH`));
      assert.equal(statSync(join(bin, "subnetrad")).mode & 0o777, 0o755);
      assert.equal(readlinkSync(join(bin, "subnetra")), "subnetrad");
      assert.match(must([join(bin, "subnetra"), "--version"]), /^subnetra v/);
      assert.equal(existsSync(unitDir), false, "no unit without being asked");
    });

    it("shows what is there before it replaces it", async () => {
      await script("install.sh", ["--yes"]);
      const { status, output } = await script("install.sh", [`--version=${VERSION.slice(1)}`, "-y"]);
      assert.equal(status, 0, output);
      assert.match(output, /^installed now: subnetra v/m);
    });

    it("puts units for its folder in place, mode 0644", async () => {
      const { status, output } = await script("install.sh", ["--yes", "--service"]);
      assert.equal(status, 0, output);
      const unit = readFileSync(join(unitDir, "subnetrad.service"), "utf8");
      assert.match(unit, new RegExp(`^ExecStart=${bin}/subnetrad `, "m"));
      assert.doesNotMatch(unit, /\/usr\/local\/bin/);
      assert.equal(statSync(join(unitDir, "subnetrad@.service")).mode & 0o777, 0o644);
      const gone = await script("uninstall.sh", ["--yes"]);
      assert.equal(gone.status, 0, gone.output);
      for (const file of [join(bin, "subnetrad"), join(bin, "subnetra"), join(unitDir, "subnetrad.service")])
        assert.equal(existsSync(file), false, file);
      assert.match((await script("uninstall.sh", ["--yes"])).output, /^nothing of Subnetra/);
    });

    it("installs nothing when the checksum is wrong or missing", async () => {
      writeSums("f".repeat(64));
      let result = await script("install.sh", ["--yes"]);
      assert.equal(result.status, 1);
      assert.match(result.output, /does not match SHA256SUMS\.txt: nothing was installed/);
      nothing();
      writeSums("f".repeat(64), `x${ARCHIVE}`);
      result = await script("install.sh", ["--yes"]);
      assert.equal(result.status, 1);
      assert.match(result.output, /has no entry for/);
      nothing();
    });

    it("does not say that it checked where no tool can", async () => {
      const tools = join(folder, "tools");
      mkdirSync(tools, { recursive: true });
      for (const name of [
        "curl",
        "tar",
        "gzip",
        "uname",
        "mktemp",
        "awk",
        "sed",
        "dirname",
        "mkdir",
        "cp",
        "chmod",
        "mv",
        "ln",
        "rm",
        "id",
        "dash",
        "busybox",
        "setsid",
      ])
        if (!existsSync(join(tools, name))) symlinkSync(findCommand(name)!, join(tools, name));
      const { status, output } = await script("install.sh", ["--yes"], { PATH: tools });
      // BusyBox's shell brings a sha256sum of its own.
      if (shell[0] === "busybox") return;
      assert.equal(status, 0, output);
      assert.match(output, /the archive was NOT checked/);
      assert.doesNotMatch(output, /checksum verified/);
    });

    it("asks, so without a terminal it wants --yes; and it names what it does not know", async () => {
      let result = await script("install.sh", []);
      assert.equal(result.status, 1);
      assert.match(result.output, /no terminal to ask: run it with --yes/);
      result = await script("install.sh", ["--yes", "--versoin", "v1"]);
      assert.match(result.output, /unknown argument: --versoin/);
      result = await script("install.sh", ["--yes", "--version", "v9.9.9"]);
      assert.equal(result.status, 1);
      assert.match(result.output, /cannot get SHA256SUMS\.txt of v9\.9\.9/);
      nothing();
    });

    it("says which folder it may not write to", {
      skip: process.getuid?.() !== 0 && "needs root",
    }, async () => {
      const { status, output } = await script("install.sh", ["--yes", "--dir", "/proc/subnetra"]);
      assert.equal(status, 1);
      assert.match(output, /cannot write (to )?\/proc\/subnetra/);
    });
  });
}
