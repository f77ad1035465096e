// npm run build:image: container images from the static files alone, without a Docker engine (deployment.md §3).
//
//   dist/tiny/subnetra-image-v<version>-<target>.tar         OCI image archive: docker load, podman load, skopeo
//   dist/tiny/subnetra-image-v<version>-<target>-legacy.tar  manifest.json, config.json, layer.tar: RouterOS
//   dist/tiny/subnetra-image-v<version>.tar                  OCI index over the architectures: skopeo copy --all
//
// The index is made when every architecture it joins is asked for.
//
// Options as for the tiny build (build.mjs), which runs first for files that are missing.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { git, TAG } from "../release/version.mjs";
import { root } from "../setup.mjs";
import { buildTiny, readOptions, targetFile } from "./build.mjs";
import { tar } from "./tar.mjs";
import { TARGETS } from "./targets.mjs";

const SIZE_LIMIT = 1 << 20;
const NAME = "subnetra";
const SECOND = 1e9;
/** What one image reference stands for, whatever machine asks for it. */
export const INDEXED = ["amd64", "arm64", "armv7", "armv5"];

const REPO_TAGS = [`${NAME}:${TAG}`, `${NAME}:latest`];

const asset = (name) => readFileSync(join(root, "deploy", name));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value));

/** Gzip without the time and system that Node would not write anyway, at the best level. */
export const gzip = (bytes) => gzipSync(bytes, { level: 9 });

/** Where the sources are published: of a clone from somewhere else nothing is told. */
function source() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server && repository) return `${server}/${repository}`;
  const origin = git("remote", "get-url", "origin") ?? "";
  return /^https?:\/\/[^@]+$/.test(origin) ? origin : "unknown";
}

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
      Labels: {
        "org.opencontainers.image.title": NAME,
        "org.opencontainers.image.description": "a node of a private, encrypted overlay network",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": source(),
        "org.opencontainers.image.version": TAG,
        "org.opencontainers.image.revision": git("rev-parse", "HEAD") ?? "unknown",
      },
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

/** The blobs of one image, and the descriptor of its manifest. */
function parts(name) {
  const layerTar = layer(name);
  const config = configuration(name, sha256(layerTar));
  const packed = gzip(layerTar);
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("config.v1+json", config),
    layers: [descriptor("layer.v1.tar+gzip", packed)],
  });
  return {
    layerTar,
    config,
    packed,
    blobs: [blob(config), blob(packed), blob(manifest)],
    entry: {
      ...descriptor("manifest.v1+json", manifest),
      platform: { os: "linux", ...TARGETS[name].platform },
    },
  };
}

const index = (manifests) =>
  json({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests });

function layout(blobs, top, more = []) {
  return tar([
    { path: "blobs", directory: true },
    { path: "blobs/sha256", directory: true },
    ...blobs,
    { path: "index.json", content: top },
    ...more,
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
  ]);
}

const named = (entry) => ({ ...entry, annotations: { "org.opencontainers.image.ref.name": TAG } });

/** An OCI image layout with a Docker manifest beside it, so that every `load` understands it. */
function ociArchive({ config, packed, blobs, entry }) {
  const docker = json([{ Config: blob(config).path, RepoTags: REPO_TAGS, Layers: [blob(packed).path] }]);
  return layout(blobs, index([named(entry)]), [{ path: "manifest.json", content: docker }]);
}

/** One reference for several machines. Two names, as a registry has them: the version's and the newest. */
function indexArchive(images) {
  const joined = index(images.map(({ entry }) => entry));
  const entry = descriptor("index.v1+json", joined);
  const tagged = ["latest", TAG].map((tag) => ({
    ...entry,
    annotations: { "org.opencontainers.image.ref.name": tag },
  }));
  // Images may share a blob; an archive holds it once.
  const blobs = new Map(
    [...images.flatMap((image) => image.blobs), blob(joined)].map((one) => [one.path, one]),
  );
  return layout([...blobs.values()], index(tagged));
}

/** What `docker save` wrote before OCI, as RouterOS imports it. */
function legacyArchive({ layerTar, config }) {
  return tar([
    { path: "config.json", content: config },
    { path: "layer.tar", content: layerTar },
    {
      path: "manifest.json",
      content: json([{ Config: "config.json", RepoTags: REPO_TAGS, Layers: ["layer.tar"] }]),
    },
  ]);
}

function write(file, bytes, limit = SIZE_LIMIT) {
  writeFileSync(join(root, file), bytes);
  const large = bytes.length > limit;
  console.log(`${file}  ${bytes.length} bytes${large ? `  larger than ${limit} bytes` : ""}`);
  if (large) process.exitCode = 1;
  return file;
}

/** Builds both images of each target, and the index over them. Returns the files, relative to the project. */
export function buildImages(names, options) {
  const missing = names.filter((name) => !existsSync(join(root, targetFile(name))));
  if (missing.length > 0) buildTiny(missing, options);
  const base = `dist/tiny/${NAME}-image-${TAG}`;
  const images = new Map(names.map((name) => [name, parts(name)]));
  const files = [...images].flatMap(([name, image]) => [
    // Loaders read the archive as it is; its layer is compressed already.
    write(`${base}-${name}.tar`, ociArchive(image)),
    write(`${base}-${name}-legacy.tar`, legacyArchive(image)),
  ]);
  if (!INDEXED.every((name) => images.has(name))) return files;
  const joined = indexArchive(INDEXED.map((name) => images.get(name)));
  return [...files, write(`${base}.tar`, joined, INDEXED.length * SIZE_LIMIT)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { names, options } = readOptions();
  buildImages(names, options);
}
