// Root file systems for tests that install something into one: nothing in it but devices, or BusyBox as on a router.

import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { must, run } from "../../lab/process.ts";

/** What a container engine adds with --device=/dev/net/tun, and a router has. */
export function addTun(folder: string): void {
  mkdirSync(join(folder, "dev/net"), { recursive: true });
  must(["mknod", join(folder, "dev/net/tun"), "c", "10", "200"]);
}

/** Lays BusyBox with those of its commands, its libraries, /dev/null and the TUN device into a folder. */
export function addBusybox(folder: string, applets: readonly string[]): void {
  const busybox = must(["which", "busybox"]).trim();
  // It is often static, but not everywhere.
  const libraries = run(["ldd", busybox]).stdout.match(/\/\S+(?= \(0x)/g) ?? [];
  for (const file of [busybox, ...libraries]) {
    const place = join(folder, file === busybox ? "bin/busybox" : file);
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(file, place);
    chmodSync(place, 0o755);
  }
  for (const applet of applets) symlinkSync("busybox", join(folder, "bin", applet));
  addTun(folder);
  must(["mknod", join(folder, "dev/null"), "c", "1", "3"]);
}
