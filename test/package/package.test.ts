// What `npm pack` makes is what a user runs and reads, and it works in an empty folder without a network.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { root } from "../../lab/project.ts";

const LIMIT_UNPACKED = 1_250_000;
const ALLOWED = [
  /^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
  /^bin\/(subnetra|subnetrad)$/,
  /^dist\/lib\/index\.(js|d\.ts)$/,
  /^dist\/lib\/(core|engine)\/([a-z-]+\/)?[a-z0-9-]+\.(js|d\.ts)$/,
  /^dist\/lib\/engine\/engine-(plain|simd)\.wasm$/,
  /^dist\/lib\/platform\/nodejs\/((linux|macos)\/)?[a-z0-9-]+\.js$/,
  /^dist\/lib\/apps\/(tools\/(doctor\/)?)?[a-z-]+\.js$/,
  /^deploy\/([a-z]+\/)*[a-z.@-]+$/,
  /^docs\/(spec\/)?[A-Za-z.-]+\.(md|json)$/,
];
const NEEDED = [
  "README.md",
  "bin/subnetra",
  "bin/subnetrad",
  "dist/lib/index.js",
  "dist/lib/index.d.ts",
  "dist/lib/engine/engine-simd.wasm",
  "deploy/systemd/subnetrad.service",
  "deploy/systemd/subnetra-exporter.service",
  "deploy/prometheus/alerts.yml",
  "deploy/systemd/nodejs/subnetrad.service",
  "deploy/systemd/nodejs/subnetrad@.service",
  "docs/operations.md",
  "docs/spec/metrics.md",
  "docs/errors.md",
  "docs/troubleshooting.md",
  "deploy/doctor.sh",
];

const folder = mkdtempSync(join(tmpdir(), "subnetra-package-"));
const user = join(folder, "user");
const modules = join(root, "node_modules");

function run(command: string, args: readonly string[], cwd: string) {
  const env = {
    ...process.env,
    npm_config_cache: join(folder, "cache"),
    npm_config_update_notifier: "false",
  };
  return spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 240_000 });
}

function must(command: string, args: readonly string[], cwd = user): string {
  const result = run(command, args, cwd);
  assert.equal(result.status, 0, `${command} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

describe("the npm package", () => {
  let packed: Packed;

  before(() => {
    const output = must("npm", ["pack", "--json", "--pack-destination", folder], root);
    packed = (JSON.parse(output.slice(output.indexOf("[\n"))) as Packed[])[0]!;
    mkdirSync(user);
    writeFileSync(join(user, "package.json"), '{ "private": true, "type": "module" }\n');
    // The one dependency and its prebuilt part come from this clone: there is no registry here.
    const machine = `${process.platform}-${process.arch}`;
    const local = ["koffi", `@koromix/koffi-${machine}`].map((name) => join(modules, name));
    const flags = ["--offline", "--ignore-scripts", "--install-links", "--no-audit", "--no-fund"];
    must("npm", ["install", ...flags, join(folder, packed.filename), ...local]);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds what is allowed, and what is needed", () => {
    const paths = packed.files.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => !ALLOWED.some((allowed) => allowed.test(path))),
      [],
    );
    assert.deepEqual(
      NEEDED.filter((path) => !paths.includes(path)),
      [],
    );
    assert.ok(packed.unpackedSize < LIMIT_UNPACKED, `${packed.unpackedSize} bytes unpacked`);
  });

  test("has nothing that publint complains of", async () => {
    const tarball = Uint8Array.from(readFileSync(join(folder, packed.filename))).buffer;
    const { messages } = await publint({ pack: { tarball }, level: "suggestion" });
    assert.deepEqual(messages, []);
  });

  test("has types that every resolution finds and that are not wrong", async () => {
    const archive = createPackageFromTarballData(readFileSync(join(folder, packed.filename)));
    const result = await checkPackage(archive);
    assert.ok(result.types !== false, "the package has types");
    // It is ESM only, which require() loads in every Node.js that is supported: the one remark, and not about types.
    assert.deepEqual(
      result.problems.filter(({ kind }) => kind !== "CJSResolvesToESM"),
      [],
    );
  });

  test("names no file that it does not hold", () => {
    const held = new Set(packed.files.map(({ path }) => path));
    for (const path of held) {
      if (!/\.(js|d\.ts)$/.test(path)) continue;
      const text = readFileSync(join(user, "node_modules/subnetra", path), "utf8");
      assert.doesNotMatch(text, /sourceMappingURL=/, path);
      for (const [, target] of text.matchAll(/^(?:import|export)[^"]*"(\.[^"]+)";$/gm)) {
        const js = join(path, "..", target!);
        const wanted = path.endsWith(".js") ? js : js.replace(/\.js$/, ".d.ts");
        assert.ok(held.has(wanted), `${path} imports ${target}`);
      }
    }
  });

  test("runs as daemon and client", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    for (const name of ["subnetrad", "subnetra"])
      assert.match(must(`node_modules/.bin/${name}`, ["--version"]), new RegExp(`v${version}\n$`));
    const key = "5a".repeat(32);
    const peers = [{ id: 1, endpoint: "192.0.2.1:18020", psk: key }];
    const config = { role: "spoke", local_id: 2, local_tun_ip: "10.9.0.2/24", peers };
    writeFileSync(join(user, "config.json"), JSON.stringify(config), { mode: 0o600 });
    must("node_modules/.bin/subnetrad", ["--check", "--config", "config.json"]);
    writeFileSync(join(user, "bad.json"), JSON.stringify({ ...config, local_id: 0 }), { mode: 0o600 });
    const bad = run("node_modules/.bin/subnetrad", ["--check", "--config", "bad.json"], user);
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /: MissingLocalId$/m);
  });

  test("its programming interface works, and its types are sound under tsc --strict", () => {
    writeFileSync(
      join(user, "use.ts"),
      `import { type Config, explain, isSubnetraError, parseConfig, type SubnetraError, VERSION } from "subnetra";

const bytes = new TextEncoder().encode('{"role":"nobody"}');
const version: string = VERSION;
try {
  const config: Config = parseConfig(bytes, bytes.length);
  console.log(config.localId);
} catch (error) {
  if (!isSubnetraError(error)) throw error;
  const known: SubnetraError = error;
  console.log(version, known.code, explain(known).length > 0);
}
// @ts-expect-error a version is no number
const wrong: number = VERSION;
export { wrong };
`,
    );
    const options = { strict: true, module: "nodenext", target: "es2022", lib: ["es2022", "dom"], types: [] };
    writeFileSync(
      join(user, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["use.ts"] }),
    );
    must(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", "tsconfig.json"]);
    assert.match(must(process.execPath, ["use.js"]), /^\d+\.\d+\.\d+ \w+ true\n$/);
  });

  test("is loaded by require() too", () => {
    const result = run(process.execPath, ["-p", 'typeof require("subnetra").parseConfig'], user);
    assert.equal(result.stdout, "function\n", result.stderr);
  });

  test("works when it is installed for everybody (npm install -g)", () => {
    const prefix = join(folder, "prefix");
    const local = ["koffi", `@koromix/koffi-${process.platform}-${process.arch}`].map((name) =>
      join(modules, name),
    );
    const flags = ["--offline", "--ignore-scripts", "--install-links", "--no-audit", "--no-fund"];
    must("npm", ["install", "-g", "--prefix", prefix, ...flags, join(folder, packed.filename), ...local]);
    for (const name of ["subnetrad", "subnetra"])
      assert.match(must(join(prefix, "bin", name), ["--version"]), /^subnetra v/);
    assert.match(must(join(prefix, "bin/subnetra"), ["completion", "bash"]), /complete -o filenames/);
  });

  test("nothing but the programming interface can be imported", () => {
    const script = 'await import("subnetra/dist/lib/core/daemon.js")';
    const result = run(process.execPath, ["--input-type=module", "-e", script], user);
    assert.match(result.stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
