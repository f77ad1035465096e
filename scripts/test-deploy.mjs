// npm run test:deploy: units under a real systemd, Debian packages, installer, manual pages, completion, release.
//
//   --install   get what the tests need and do not find (as root): Debian packages, and a Debian root below .cache

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildIfStale } from "./build.mjs";
import { makeDebianRoot } from "./debian-root.mjs";
import { DEB_MACHINES } from "./release/deb.mjs";
import { root, run } from "./setup.mjs";
import { buildTiny, targetFile } from "./tiny/build.mjs";
import { installDebian, installPython } from "./tiny/toolchain.mjs";

/** The commands that the tests use, and the Debian package of each. */
const COMMANDS = {
  busybox: "busybox",
  curl: "curl",
  dash: "dash",
  debootstrap: "debootstrap",
  "docker-compose": "docker-compose",
  fish: "fish",
  lintian: "lintian",
  man: "man-db",
  mandoc: "mandoc",
  shellcheck: "shellcheck",
  "systemd-nspawn": "systemd-container",
  zsh: "zsh",
};

/** The schemas of Kubernetes' API and what checks against them, from PyPI. */
const KUBERNETES_VALIDATE = "kubernetes-validate==1.37.0";

const { values } = parseArgs({ options: { install: { type: "boolean" } } });
if (values.install) {
  const missing = Object.keys(COMMANDS).filter((name) => spawnSync("which", [name]).status !== 0);
  if (missing.length > 0) installDebian(missing.map((name) => COMMANDS[name]));
  installPython(KUBERNETES_VALIDATE);
  const wrong = makeDebianRoot();
  if (wrong !== "") {
    console.error(wrong);
    process.exit(1);
  }
}
buildIfStale();
const unbuilt = Object.keys(DEB_MACHINES).filter((name) => !existsSync(join(root, targetFile(name))));
if (unbuilt.length > 0) buildTiny(unbuilt, { installMissing: values.install === true });
const files = readdirSync(join(root, "test/deploy"))
  .filter((name) => name.endsWith(".test.ts"))
  .sort()
  .map((name) => `dist/test/deploy/${name.replace(/\.ts$/, ".js")}`);
// One file at a time: they share what they make below dist.
run(process.execPath, ["--test", "--test-concurrency=1", ...files]);
