// The tiny build's toolchain: zig (clang, lld and musl in one Python package), Duktape's source, simde's headers.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../setup.mjs";

export const ZIG_VERSION = "0.16.0";
const VENV = join(root, ".cache/venv");
const PYTHON = join(VENV, "bin/python");
export const DUKTAPE = "/usr/share/duktape";
export const SIMDE = "/usr/include/simde";

/** Zig keeps what it compiles (musl for every target) here, not in the user's home. */
const ZIG_ENVIRONMENT = {
  ...process.env,
  ZIG_GLOBAL_CACHE_DIR: join(root, ".cache/zig"),
  ZIG_LOCAL_CACHE_DIR: join(root, ".cache/zig"),
};

function hasZig() {
  if (!existsSync(PYTHON)) return false;
  const result = spawnSync(PYTHON, ["-m", "ziglang", "version"], { encoding: "utf8", env: ZIG_ENVIRONMENT });
  return result.status === 0 && result.stdout.trim() === ZIG_VERSION;
}

const hasDuktape = () => existsSync(join(DUKTAPE, "duktape.c"));
const hasSimde = () => existsSync(join(SIMDE, "wasm/simd128.h"));

/** What is missing, each with the way to get it. */
function missing() {
  const list = [];
  if (!hasZig())
    list.push({
      what: `zig ${ZIG_VERSION}`,
      how: `python3 -m venv .cache/venv && .cache/venv/bin/pip install ziglang==${ZIG_VERSION}`,
    });
  if (!hasDuktape())
    list.push({ what: "Duktape's source", how: "apt-get install duktape-dev", debian: "duktape-dev" });
  if (!hasSimde())
    list.push({ what: "simde's headers", how: "apt-get install libsimde-dev", debian: "libsimde-dev" });
  return list;
}

/** Installs Debian packages; needs root. */
export function installDebian(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env }).status ===
    0
  )
    return;
  run("apt-get", ["update", "-qq"]);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
}

/** Installs a package of PyPI, "name==version", below .cache. */
export function installPython(requirement) {
  if (!existsSync(PYTHON)) run("python3", ["-m", "venv", VENV]);
  run(PYTHON, ["-m", "pip", "install", "--quiet", requirement]);
}

function install(list) {
  if (!hasZig()) installPython(`ziglang==${ZIG_VERSION}`);
  const packages = list.map((item) => item.debian).filter(Boolean);
  if (packages.length > 0) installDebian(packages);
}

/** Makes sure that everything is there, or ends this process after naming what is not. */
export function requireToolchain({ installMissing }) {
  if (installMissing) install(missing());
  const list = missing();
  if (list.length === 0) return;
  console.error("The tiny build needs (or run it with --install):");
  for (const { what, how } of list) console.error(`  ${what}: ${how}`);
  process.exit(1);
}

/** Runs zig with these arguments; ends this process when it fails. */
export function zig(args) {
  const result = spawnSync(PYTHON, ["-m", "ziglang", ...args], {
    cwd: root,
    encoding: "utf8",
    env: ZIG_ENVIRONMENT,
  });
  if (result.status === 0) return;
  console.error(`zig ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  process.exit(1);
}
