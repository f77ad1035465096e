// npm run release: what a release consists of, under dist/release/ (deployment.md §3).
//
//   subnetra-v<version>-linux-<target>.tar.gz   program, units, start script, samples, readme, licence
//   subnetra_<version>-1_<machine>.deb
//   subnetra-image-v<version>-<target>.tar.gz   container image for docker load, podman load; …-legacy for RouterOS
//   subnetra-image-v<version>.tar.gz   OCI index over the architectures
//   subnetra_<version>_<target>.ipk    OpenWrt package
//   subnetra-v<version>.cdx.json                bill of materials
//   install.sh, uninstall.sh
//   SHA256SUMS.txt
//
// Options as for the tiny build (build.mjs); every target by default. It refuses where the commit's tag is not the version
// of the sources, or .ci/run has not passed for it; --draft makes the files all the same, under dist/release-draft/.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIfStale } from "../build.mjs";
import { makeDebs } from "../release/deb.mjs";
import { releaseObstacles } from "../release/gate.mjs";
import { readme } from "../release/readme.mjs";
import { sbom } from "../release/sbom.mjs";
import { TAG } from "../release/version.mjs";
import { root } from "../setup.mjs";
import { buildTiny, readOptions, targetFile } from "./build.mjs";
import { buildImages, gzip } from "./image.mjs";
import { buildPackages } from "./ipk.mjs";
import { tar } from "./tar.mjs";
import { TARGETS } from "./targets.mjs";

const read = (path) => readFileSync(join(root, path));

/** In every archive beside program, readme and licence: name there, path here. */
const EXTRAS = [
  ["config.example.json", "deploy/config.example.json"],
  ["hub.json", "deploy/hub.json"],
  ["spoke-a.json", "deploy/spoke-a.json"],
  ["spoke-b.json", "deploy/spoke-b.json"],
  ["subnetrad.init", "deploy/busybox/subnetrad.init", 0o755],
  ["subnetrad.service", "deploy/systemd/subnetrad.service"],
  ["subnetrad@.service", "deploy/systemd/subnetrad@.service"],
];

function archive(target) {
  const folder = `subnetra-${TAG}-linux-${target}`;
  const file = (path, content, mode) => ({ path: `${folder}/${path}`, content, mode });
  const bytes = gzip(
    tar([
      { path: folder, directory: true },
      file("LICENSE", read("LICENSE")),
      file("README.md", readme(target)),
      { path: `${folder}/subnetra`, target: "subnetrad" },
      file("subnetrad", read(targetFile(target)), 0o755),
      ...EXTRAS.map(([name, path, mode]) => file(name, read(path), mode)),
    ]),
  );
  return [`${folder}.tar.gz`, bytes];
}

/**
 * The makers: each gets the targets, whose static files are there, and the options of the build, and gives [name, bytes] for
 * each file. What else a release is to have is one more here.
 */
const MAKERS = [
  (targets) => targets.map(archive),
  async (targets) => (await makeDebs(targets)).map((file) => [basename(file), read(file)]),
  (targets, options) =>
    buildImages(targets, options).map((file) => [`${basename(file)}.gz`, gzip(read(file))]),
  (targets, options) => buildPackages(targets, options).map((file) => [basename(file), read(file)]),
  () => [[`subnetra-${TAG}.cdx.json`, Buffer.from(sbom())]],
  () => ["install.sh", "uninstall.sh"].map((name) => [name, read(`deploy/${name}`)]),
];

async function release({ names, options, chosen }, draft) {
  const obstacles = draft ? [] : releaseObstacles();
  if (obstacles.length > 0) {
    for (const obstacle of obstacles) console.error(`release: ${obstacle}`);
    console.error("release: nothing was made (--draft makes the files for a look)");
    process.exit(1);
  }
  const targets = chosen ? names : Object.keys(TARGETS);
  const out = draft ? "dist/release-draft" : "dist/release";
  buildIfStale();
  buildTiny(targets, options);
  rmSync(join(root, out), { recursive: true, force: true });
  mkdirSync(join(root, out), { recursive: true });
  const sums = [];
  for (const make of MAKERS) {
    for (const [name, bytes] of await make(targets, options)) {
      writeFileSync(join(root, out, name), bytes);
      sums.push(`${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
    }
  }
  sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  writeFileSync(join(root, out, "SHA256SUMS.txt"), sums.join(""));
  console.log(`${out}/SHA256SUMS.txt  ${sums.length} files`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const draft = process.argv.indexOf("--draft");
  if (draft > 0) process.argv.splice(draft, 1);
  await release(readOptions(), draft > 0);
}
