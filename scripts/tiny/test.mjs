// npm run test:tiny: builds the tiny node for every target and tests it.
//
//   --install   get what build and tests need and do not find (Debian packages as root)
//   --quick     only this machine's target, and no second build to compare with

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.mjs";
import { root, run } from "../setup.mjs";
import { buildTiny } from "./build.mjs";
import { buildSanitized } from "./sanitize.mjs";
import { NATIVE_TARGET, TARGETS } from "./targets.mjs";
import { installDebian } from "./toolchain.mjs";

/** The commands that the tests use, and the Debian package of each. */
const COMMANDS = {
  busybox: "busybox",
  "clang-format": "clang-format",
  cppcheck: "cppcheck",
  gcc: "gcc",
  ip: "iproute2",
  ping: "iputils-ping",
  "qemu-arm-static": "qemu-user-static",
  skopeo: "skopeo",
  umoci: "umoci",
};

/** Packages of commands that are not there. */
function missingPackages() {
  return Object.keys(COMMANDS)
    .filter((name) => spawnSync("which", [name]).status !== 0)
    .map((name) => COMMANDS[name]);
}

const { values } = parseArgs({ options: { install: { type: "boolean" }, quick: { type: "boolean" } } });
const packages = missingPackages();
if (values.install && process.getuid?.() === 0 && packages.length > 0)
  installDebian([...packages, "libc6-dev"]);
build();
buildTiny(values.quick ? [NATIVE_TARGET] : Object.keys(TARGETS), {
  installMissing: values.install === true,
  withTests: NATIVE_TARGET,
});
buildSanitized();
const files = readdirSync(join(root, "test/tiny"))
  .filter((name) => name.endsWith(".test.ts") && !(values.quick && name.startsWith("reproducible")))
  .map((name) => `dist/test/tiny/${name.replace(/\.ts$/, ".js")}`);
// One file at a time: they measure, and share the host's network.
run(process.execPath, ["--test", "--test-concurrency=1", ...files]);
