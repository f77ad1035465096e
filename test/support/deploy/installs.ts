// Subnetra installed in each way a user installs it, for tests that run what is there then. Each answers how
// SUBNETRA_E2E_BIN names it (lab/project.ts).

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { must } from "../../../lab/process.ts";
import { root } from "../../../lab/project.ts";
import { addBusybox, addTun } from "../roots.ts";
import { nativeTarget } from "../tiny/tiny.ts";
import type { Machine } from "./machine.ts";

const VERSION = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version as string;
const deb = await import(pathToFileURL(join(root, "scripts/release/deb.mjs")).href);

/** `npm pack`, then `npm install --global` of the archive below `folder`. */
export function installArchive(folder: string): string {
  const npm = (cwd: string, ...words: string[]) =>
    must([
      "env",
      "-C",
      cwd,
      `npm_config_cache=${folder}/cache`,
      "npm_config_update_notifier=false",
      ...words,
    ]);
  const prefix = join(folder, "prefix");
  mkdirSync(prefix, { recursive: true });
  npm(root, "npm", "pack", "--silent", "--pack-destination", folder);
  // The one dependency and its prebuilt part come from this clone: tests reach no registry.
  const local = ["koffi", `@koromix/koffi-${process.platform}-${process.arch}`].map((name) =>
    join(root, "node_modules", name),
  );
  const flags = ["--offline", "--ignore-scripts", "--install-links", "--no-audit", "--no-fund"];
  const archive = join(folder, `subnetra-${VERSION}.tgz`);
  npm(folder, "npm", "install", "--global", "--prefix", prefix, ...flags, archive, ...local);
  return prefix;
}

/** The Debian package, by apt in a Debian root of its own, which the caller closes. */
export async function installDeb(machine: Machine): Promise<string> {
  const [file] = (await deb.makeDebs([nativeTarget])) as string[];
  machine.must("apt-get", "install", "--yes", machine.bring(file!));
  addTun(machine.root);
  return `root:${machine.root}`;
}

/** The container image in a root where there is nothing else. */
export function installImage(folder: string): string {
  const made = [process.execPath, join(root, "scripts/tiny/image.mjs"), "--target", nativeTarget];
  must(made);
  const archive = join(root, `dist/tiny/subnetra-image-v${VERSION}-${nativeTarget}-legacy.tar`);
  const place = join(folder, "root");
  mkdirSync(place, { recursive: true });
  must(["tar", "-xf", archive, "-C", folder, "layer.tar"]);
  must(["tar", "-xf", join(folder, "layer.tar"), "-C", place]);
  addTun(place);
  return `root:${place}`;
}

/** The OpenWrt package in a root of BusyBox, unpacked by BusyBox. */
export function installOpenwrt(folder: string): string {
  must([process.execPath, join(root, "scripts/tiny/ipk.mjs"), "--target", nativeTarget]);
  for (const name of ["run", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  addBusybox(folder, ["sh", "tar", "gzip", "uname"]);
  const file = join(root, `dist/tiny/subnetra_${VERSION}_${nativeTarget}.ipk`);
  must(["cp", file, join(folder, "subnetra.ipk")]);
  const unpack = "tar xzf /subnetra.ipk -C /tmp && tar xzf /tmp/data.tar.gz -C /";
  must(["/usr/bin/env", "-i", "PATH=/bin", "/usr/sbin/chroot", folder, "/bin/sh", "-c", unpack]);
  return `root:${folder}`;
}
