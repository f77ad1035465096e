// Debian packages from the static files, without a network and without debhelper: dist/deb/subnetra_<version>-1_<machine>.deb.
//
//   node scripts/release/deb.mjs [--target amd64|arm64|armv7 …]
//
// The same bytes for the same sources: every time is SOURCE_DATE_EPOCH, or that of the last commit.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildIfStale } from "../build.mjs";
import { root } from "../setup.mjs";
import { unitFor, units } from "../systemd-units.mjs";
import { buildTiny, readOptions, targetFile } from "../tiny/build.mjs";
import { sourceDate, VERSION } from "./version.mjs";

const OUT = "dist/deb";
const REVISION = 1;
/** Nobody's address: who publishes packages names an own one. */
const MAINTAINER = process.env.SUBNETRA_MAINTAINER ?? "The Subnetra authors <noreply@subnetra.invalid>";

/** Debian's names of the machines it is made for. */
export const DEB_MACHINES = { amd64: "amd64", arm64: "arm64", armv7: "armhf" };

export const debName = (target, version = VERSION) =>
  `subnetra_${version}-${REVISION}_${DEB_MACHINES[target]}.deb`;

const project = (path) => readFileSync(join(root, path));
const packed = (text) => gzipSync(Buffer.from(text), { level: 9 });

const control = (target, version, kilobytes) => `Package: subnetra
Version: ${version}-${REVISION}
Architecture: ${DEB_MACHINES[target]}
Maintainer: ${MAINTAINER}
Installed-Size: ${kilobytes}
Section: net
Priority: optional
Recommends: systemd | systemd-sysv
Suggests: iproute2, nftables
Description: encrypted overlay network of a hub and its spokes
 Subnetra joins servers, sites and devices to one private network. A hub with
 a public address relays between spokes behind NAT, in ordinary UDP datagrams
 of which an outsider can recognise nothing but length and timing. Every link
 has a pre-shared key of its own; there is no handshake.
 .
 The package has the daemon subnetrad and the client subnetra in one static
 file, units for systemd, manual pages and completion. It starts nothing by
 itself.
`;

const COPYRIGHT_HEAD = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: subnetra

Files: *
Copyright: The Subnetra authors
License: MIT

Files: usr/sbin/subnetrad
Copyright: The Subnetra authors
           Duktape: 2013-present by Duktape authors (MIT)
           musl: 2005-2020 Rich Felker, et al. (MIT)
License: MIT

License: MIT
`;

/** The licence as the copyright format wants it: indented, a dot for an empty line. */
function licence() {
  const lines = project("LICENSE").toString().trimEnd().split("\n");
  return lines.map((line) => ` ${line === "" ? "." : line}\n`).join("");
}

function changelog(version, epoch) {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `subnetra (${version}-${REVISION}) stable; urgency=medium

  * Release ${version}; see changelog.gz for what is new.

 -- ${MAINTAINER}  ${date}
`;
}

/** What lintian may find, because it is meant so. */
const LINTIAN = `# The package is made to run on any Debian, and the file on any Linux: it needs no library.
subnetra: statically-linked-binary [usr/sbin/subnetrad]
# The folder holds keys.
subnetra: non-standard-dir-perm 0700 != 0755 [etc/subnetra/]
# It is not part of Debian: there is no bug to close, and no mail address.
subnetra: initial-upload-closes-no-bugs *
subnetra: bogus-mail-host *
subnetra: bogus-mail-host-in-debian-changelog *
`;

const CONFFILES = "/etc/default/subnetrad\n";
const SAMPLES = ["config.example.json", "hub.json", "spoke-a.json", "spoke-b.json"];

/** What the package holds: [path, content, mode]; a folder has no content, a link a string of its own kind. */
function contents(target, version, epoch, documents) {
  const doc = "usr/share/doc/subnetra";
  const files = [
    ["etc/default/subnetrad", project("deploy/debian/default"), 0o644],
    ["usr/sbin/subnetrad", project(targetFile(target)), 0o755],
    ["usr/share/lintian/overrides/subnetra", LINTIAN, 0o644],
    [`${doc}/copyright`, COPYRIGHT_HEAD + licence(), 0o644],
    [`${doc}/changelog.gz`, packed(project("CHANGELOG.md")), 0o644],
    [`${doc}/changelog.Debian.gz`, packed(changelog(version, epoch)), 0o644],
  ];
  for (const name of SAMPLES) files.push([`${doc}/examples/${name}`, project(`deploy/${name}`), 0o644]);
  for (const [path, text] of units())
    if (!path.includes("/"))
      files.push([`lib/systemd/system/${path}`, unitFor(text, "/usr/sbin/subnetrad"), 0o644]);
  for (const { name, section, text } of documents.pages)
    files.push([`usr/share/man/man${section}/${name}.${section}.gz`, packed(text), 0o644]);
  for (const [path, text] of documents.completions) files.push([`usr/share/${path}`, text, 0o644]);
  return files;
}

/** Where each shell looks for the completion that a package brings. */
function completionFiles({ completion }) {
  return [
    ["bash-completion/completions/subnetra", completion("bash")],
    ["bash-completion/completions/subnetrad", completion("bash")],
    ["zsh/vendor-completions/_subnetra", completion("zsh")],
    ["fish/vendor_completions.d/subnetra.fish", completion("fish")],
    ["fish/vendor_completions.d/subnetrad.fish", completion("fish")],
  ];
}

function put(folder, path, content, mode) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** Gives everything below a folder the one time, folders last. */
function setTimes(path, epoch) {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) setTimes(child, epoch);
    else if (entry.isSymbolicLink()) lutimesSync(child, epoch, epoch);
    else utimesSync(child, epoch, epoch);
  }
  if (statSync(path).isDirectory()) utimesSync(path, epoch, epoch);
}

/**
 * Makes the package of one target, whose static file must be there.
 *
 * @param options.version another version than the sources', for tests of upgrades
 * @returns the file's path, relative to the project
 */
export function makeDeb(target, documents, { version = VERSION, out = OUT } = {}) {
  const epoch = sourceDate();
  const folder = mkdtempSync(join(tmpdir(), "subnetra-deb-"));
  try {
    chmodSync(folder, 0o755);
    const files = contents(target, version, epoch, {
      pages: documents.pages,
      completions: completionFiles(documents),
    });
    for (const [path, content, mode] of files) put(folder, path, content, mode);
    mkdirSync(join(folder, "etc/subnetra"), { mode: 0o700 });
    mkdirSync(join(folder, "usr/bin"), { recursive: true });
    symlinkSync("../sbin/subnetrad", join(folder, "usr/bin/subnetra"));
    const bytes = files.reduce((sum, [, content]) => sum + Buffer.from(content).length, 0);
    const sums = files
      .map(([path, content]) => `${createHash("md5").update(content).digest("hex")}  ${path}\n`)
      .sort((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1));
    put(folder, "DEBIAN/control", control(target, version, Math.ceil(bytes / 1024)), 0o644);
    put(folder, "DEBIAN/conffiles", CONFFILES, 0o644);
    put(folder, "DEBIAN/md5sums", sums.join(""), 0o644);
    for (const name of ["postinst", "prerm", "postrm"])
      put(folder, `DEBIAN/${name}`, project(`deploy/debian/${name}`), 0o755);
    setTimes(folder, epoch);
    const file = join(out, debName(target, version));
    mkdirSync(join(root, out), { recursive: true });
    const env = { ...process.env, SOURCE_DATE_EPOCH: String(epoch) };
    const args = ["-Zxz", "-z6", "--threads-max=1", "--root-owner-group", "--build", folder, file];
    const result = spawnSync("dpkg-deb", args, { cwd: root, env, encoding: "utf8" });
    if (result.status !== 0)
      throw new Error(`dpkg-deb (apt-get install dpkg): ${result.stderr ?? result.error}`);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What all packages share: manual pages and completion. After a build. */
export async function documentsOfPackages() {
  const { manualPages } = await import("../man-pages.mjs");
  const { completionScript } = await import("../../dist/src/apps/tools/completion-scripts.js");
  const { commandLines } = await import("../../dist/src/apps/tools/command-lines.js");
  return { pages: manualPages(), completion: (shell) => completionScript(shell, commandLines()) };
}

/** Makes the packages of those targets that Debian has a name for. Returns the files, relative to the project. */
export async function makeDebs(targets) {
  const documents = await documentsOfPackages();
  return targets.filter((target) => DEB_MACHINES[target]).map((target) => makeDeb(target, documents));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, chosen, options } = readOptions();
  const targets = chosen ? names : Object.keys(DEB_MACHINES);
  buildIfStale();
  const missing = targets.filter((name) => !existsSync(join(root, targetFile(name))));
  if (missing.length > 0) buildTiny(missing, options);
  for (const file of await makeDebs(targets)) console.log(file);
}
