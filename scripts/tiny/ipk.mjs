// OpenWrt packages from the static files: dist/tiny/subnetra_<version>_<target>.ipk (docs/routers.md).
//
// An .ipk is a gzip'ed tar of debian-binary, control.tar.gz and data.tar.gz. Its architecture is "all": the file runs on every
// kernel of its kind, while OpenWrt's names (aarch64_cortex-a53, arm_cortex-a7_neon …) are those of compiler settings, and a
// router accepts only its own. What protects from the wrong file is preinst, which runs the program.
//
// Options as for the tiny build (build.mjs).

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../release/version.mjs";
import { root } from "../setup.mjs";
import { buildTiny, readOptions, targetFile } from "./build.mjs";
import { gzip } from "./image.mjs";
import { tar } from "./tar.mjs";

const directory = (path) => ({ path, directory: true });
const asset = (path) => readFileSync(join(root, "deploy", path));

function data(name) {
  return tar([
    directory("."),
    directory("./etc"),
    directory("./etc/init.d"),
    { path: "./etc/init.d/subnetrad", content: asset("openwrt/subnetrad.init"), mode: 0o755 },
    { path: "./etc/subnetra", directory: true, mode: 0o700 },
    { path: "./etc/subnetra/config.example.json", content: asset("config.example.json"), mode: 0o600 },
    directory("./lib"),
    directory("./lib/upgrade"),
    directory("./lib/upgrade/keep.d"),
    // A system upgrade keeps the configuration, as it does what the router's own packages list.
    { path: "./lib/upgrade/keep.d/subnetra", content: Buffer.from("/etc/subnetra/\n") },
    directory("./usr"),
    directory("./usr/bin"),
    { path: "./usr/bin/subnetra", target: "../sbin/subnetrad" },
    directory("./usr/sbin"),
    { path: "./usr/sbin/subnetrad", content: readFileSync(join(root, targetFile(name))), mode: 0o755 },
  ]);
}

/** What opkg runs before anything is unpacked, so that it can only look at the machine. */
export function preinst(name) {
  return `#!/bin/sh
[ -n "$IPKG_INSTROOT" ] && exit 0
case "$(uname -m)" in
${MACHINES[name]})${BYTE_ORDERS[name] === undefined ? "" : orderCheck(name)} exit 0 ;;
esac
echo "subnetra: this package is for ${name}, this machine is $(uname -m); get the other file" >&2
exit 1
`;
}

function control(name) {
  const size = readFileSync(join(root, targetFile(name))).length;
  const fields = `Package: subnetra
Version: ${VERSION}
Depends: kmod-tun
Section: net
Category: Network
Architecture: all
Installed-Size: ${size}
License: MIT
Description: one private, encrypted network of servers, sites and devices
 A node of a Subnetra mesh: daemon and client in one static file (${name}).
`;
  const postinst = `#!/bin/sh
[ -n "$IPKG_INSTROOT" ] && exit 0
chmod 0700 /etc/subnetra
if [ -e /etc/subnetra/config.json ]; then
	/etc/init.d/subnetrad enabled && /etc/init.d/subnetrad restart
else
	echo "subnetra: write /etc/subnetra/config.json (mode 0600), then: /etc/init.d/subnetrad enable; /etc/init.d/subnetrad start"
fi
exit 0
`;
  const prerm = `#!/bin/sh
[ -n "$IPKG_INSTROOT" ] && exit 0
/etc/init.d/subnetrad stop
[ "$1" = upgrade ] || /etc/init.d/subnetrad disable
exit 0
`;
  const script = (path, text) => ({ path, content: Buffer.from(text), mode: 0o755 });
  return tar([
    directory("."),
    { path: "./control", content: Buffer.from(fields) },
    script("./preinst", preinst(name)),
    script("./postinst", postinst),
    script("./prerm", prerm),
  ]);
}

/** What `uname -m` says on the machines that run a target's file. */
const MACHINES = {
  amd64: "x86_64",
  arm64: "aarch64",
  armv7: "armv7*|armv8l",
  armv5: "armv[5-8]*",
  mipsel: "mips",
  mips: "mips",
  riscv64: "riscv64",
};

/** Where uname does not tell the byte order: what the ELF header of any program there has. */
const BYTE_ORDERS = { mipsel: "001", mips: "002" };

function orderCheck(name) {
  return ` [ "$(dd if=/bin/sh bs=1 skip=5 count=1 2>/dev/null)" = "$(printf '\\${BYTE_ORDERS[name]}')" ] &&`;
}

/** Builds the package of each target. Returns the files, relative to the project. */
export function buildPackages(names, options) {
  const missing = names.filter((name) => !existsSync(join(root, targetFile(name))));
  if (missing.length > 0) buildTiny(missing, options);
  return names.map((name) => {
    const file = `dist/tiny/subnetra_${VERSION}_${name}.ipk`;
    const bytes = gzip(
      tar([
        { path: "./debian-binary", content: Buffer.from("2.0\n") },
        { path: "./control.tar.gz", content: gzip(control(name)) },
        { path: "./data.tar.gz", content: gzip(data(name)) },
      ]),
    );
    writeFileSync(join(root, file), bytes);
    console.log(`${file}  ${bytes.length} bytes`);
    return file;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, options } = readOptions();
  buildPackages(names, options);
}
