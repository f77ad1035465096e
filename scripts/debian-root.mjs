// A Debian root for tests of packages and units: .cache/debian-bookworm, made once by debootstrap (as root; needs Debian's
// archive). Tests lay their changes over it and leave it as it is.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

export const DEBIAN_ROOT = join(root, ".cache/debian-bookworm");
const PACKAGES = ["systemd", "systemd-sysv", "dbus", "iproute2", "iputils-ping"];

/** Makes the root unless it is there. Returns what is wrong, or "". */
export function makeDebianRoot() {
  if (existsSync(DEBIAN_ROOT)) return "";
  const making = `${DEBIAN_ROOT}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(join(root, ".cache"), { recursive: true });
  const args = ["--variant=minbase", `--include=${PACKAGES.join(",")}`, "bookworm", making];
  const result = spawnSync("debootstrap", args, { encoding: "utf8" });
  if (result.status !== 0) {
    return `debootstrap (apt-get install debootstrap): ${result.error?.message ?? result.stdout.split("\n").slice(-4).join("\n")}`;
  }
  renameSync(making, DEBIAN_ROOT);
  return "";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wrong = makeDebianRoot();
  if (wrong !== "") {
    console.error(wrong);
    process.exit(1);
  }
}
