// npm run release: the archives of a release and their checksums, under dist/release/ (deployment.md §3).
//
//   subnetra-<version>-linux-<target>.tar.gz   both programs, sample configuration, readme, licence, start scripts
//   subnetra-image-<version>-<target>.tar.gz   container image for docker load, podman load
//   subnetra-image-<version>-<target>-legacy.tar.gz   the same for RouterOS
//   SHA256SUMS.txt
//
// Options as for the tiny build (build.mjs); every target by default.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../setup.mjs";
import { buildTiny, readOptions, targetFile } from "./build.mjs";
import { buildImages, gzip, VERSION } from "./image.mjs";
import { tar } from "./tar.mjs";
import { TARGETS } from "./targets.mjs";

const OUT = "dist/release";

function archive(name) {
  const folder = `subnetra-${VERSION}-linux-${name}`;
  const file = (path, source, mode) => ({
    path: `${folder}/${path}`,
    content: readFileSync(join(root, source)),
    mode,
  });
  return tar([
    { path: folder, directory: true },
    file("LICENSE", "LICENSE"),
    file("README.md", "docs/tiny.md"),
    file("config.example.json", "deploy/config.example.json"),
    { path: `${folder}/subnetra`, target: "subnetrad" },
    file("subnetrad", targetFile(name), 0o755),
    file("subnetrad.init", "deploy/busybox/subnetrad.init", 0o755),
    file("subnetrad.service", "deploy/systemd/subnetrad.service"),
    file("network.conf", "deploy/systemd/network.conf"),
  ]);
}

function release({ names, options, chosen }) {
  const targets = chosen ? names : Object.keys(TARGETS);
  buildTiny(targets, options);
  rmSync(join(root, OUT), { recursive: true, force: true });
  mkdirSync(join(root, OUT), { recursive: true });
  const sums = [];
  const put = (file, bytes) => {
    writeFileSync(join(root, OUT, file), bytes);
    sums.push(`${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`);
  };
  for (const name of targets) put(`subnetra-${VERSION}-linux-${name}.tar.gz`, gzip(archive(name)));
  for (const image of buildImages(targets, options))
    put(`${basename(image)}.gz`, gzip(readFileSync(join(root, image))));
  writeFileSync(
    join(root, OUT, "SHA256SUMS.txt"),
    sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(""),
  );
  console.log(`${OUT}/SHA256SUMS.txt  ${sums.length} archives`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) release(readOptions());
