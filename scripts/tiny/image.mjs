// npm run build:image: container images from the static files alone, without a Docker engine (deployment.md §3).
//
//   dist/tiny/subnetra-image-<version>-<target>.tar         OCI image archive: docker load, podman load, skopeo
//   dist/tiny/subnetra-image-<version>-<target>-legacy.tar  manifest.json, config.json, layer.tar: RouterOS
//
// Options as for the tiny build (build.mjs), which runs first for files that are missing.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { root } from "../setup.mjs";
import { buildTiny, readOptions, targetFile } from "./build.mjs";
import { tar } from "./tar.mjs";
import { TARGETS } from "./targets.mjs";

const SIZE_LIMIT = 1 << 20;
const NAME = "subnetra";
const SECOND = 1e9;
export const VERSION = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

const asset = (name) => readFileSync(join(root, "deploy", name));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value));

/** Gzip without the time and system that Node would not write anyway, at the best level. */
export const gzip = (bytes) => gzipSync(bytes, { level: 9 });

/** The root file system: the program under both names, an example, the place for the socket. */
function layer(name) {
  return tar([
    { path: "etc", directory: true },
    { path: "etc/subnetra", directory: true },
    { path: "etc/subnetra/config.example.json", content: asset("config.example.json") },
    { path: "run", directory: true },
    { path: "run/subnetra", directory: true },
    { path: "usr", directory: true },
    { path: "usr/local", directory: true },
    { path: "usr/local/bin", directory: true },
    { path: "usr/local/bin/subnetra", target: "subnetrad" },
    { path: "usr/local/bin/subnetrad", content: readFileSync(join(root, targetFile(name))), mode: 0o755 },
  ]);
}

/** The image configuration; the health check is Docker's addition to it. */
function configuration(name, layerDigest) {
  return json({
    created: "1970-01-01T00:00:00Z",
    ...TARGETS[name].platform,
    os: "linux",
    config: {
      Entrypoint: ["/usr/local/bin/subnetrad"],
      WorkingDir: "/etc/subnetra",
      Healthcheck: {
        Test: ["CMD", "/usr/local/bin/subnetra", "status"],
        Interval: 30 * SECOND,
        Timeout: 3 * SECOND,
        StartPeriod: 5 * SECOND,
        Retries: 3,
      },
      Labels: { "org.opencontainers.image.title": NAME, "org.opencontainers.image.version": VERSION },
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "npm run build:image" }],
  });
}

const descriptor = (kind, bytes) => ({
  mediaType: `application/vnd.oci.image.${kind}`,
  digest: `sha256:${sha256(bytes)}`,
  size: bytes.length,
});

const blob = (bytes) => ({ path: `blobs/sha256/${sha256(bytes)}`, content: bytes });

/** An OCI image layout with a Docker manifest beside it, so that every `load` understands it. */
function ociArchive(name, layerTar, config) {
  const packed = gzip(layerTar);
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("config.v1+json", config),
    layers: [descriptor("layer.v1.tar+gzip", packed)],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...descriptor("manifest.v1+json", manifest),
        platform: { os: "linux", ...TARGETS[name].platform },
        annotations: { "org.opencontainers.image.ref.name": VERSION },
      },
    ],
  });
  return tar([
    { path: "blobs", directory: true },
    { path: "blobs/sha256", directory: true },
    blob(config),
    blob(packed),
    blob(manifest),
    { path: "index.json", content: index },
    {
      path: "manifest.json",
      content: json([
        {
          Config: blob(config).path,
          RepoTags: [`${NAME}:${VERSION}`],
          Layers: [blob(packed).path],
        },
      ]),
    },
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
  ]);
}

/** What `docker save` wrote before OCI, as RouterOS imports it. */
function legacyArchive(layerTar, config) {
  return tar([
    { path: "config.json", content: config },
    { path: "layer.tar", content: layerTar },
    {
      path: "manifest.json",
      content: json([{ Config: "config.json", RepoTags: [`${NAME}:${VERSION}`], Layers: ["layer.tar"] }]),
    },
  ]);
}

function write(file, bytes) {
  writeFileSync(join(root, file), bytes);
  const large = bytes.length > SIZE_LIMIT;
  console.log(`${file}  ${bytes.length} bytes${large ? `  larger than ${SIZE_LIMIT} bytes` : ""}`);
  if (large) process.exitCode = 1;
  return file;
}

/** Builds both images of each target. Returns the files, relative to the project. */
export function buildImages(names, options) {
  const missing = names.filter((name) => !existsSync(join(root, targetFile(name))));
  if (missing.length > 0) buildTiny(missing, options);
  return names.flatMap((name) => {
    const layerTar = layer(name);
    const config = configuration(name, sha256(layerTar));
    const base = `dist/tiny/${NAME}-image-${VERSION}-${name}`;
    return [
      // Loaders read the archive as it is; its layer is compressed already.
      write(`${base}.tar`, ociArchive(name, layerTar, config)),
      write(`${base}-legacy.tar`, legacyArchive(layerTar, config)),
    ];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, options } = readOptions();
  buildImages(names, options);
}
