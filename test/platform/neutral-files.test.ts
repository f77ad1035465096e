// Files outside of linux/ need nothing of the C library that only Linux has, and where the system is another one, nothing
// under linux/ is loaded: docs/adding.md, "A second system".

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "../../lab/project.ts";

const folder = new URL("../../src/platform/nodejs/", import.meta.url);
const LINUX_ONLY =
  /\b(sendmmsg|recvmmsg|getrandom|memfd_create|prctl|capget|capset|syscall|epoll\w*|mlock2|madvise)\(/;

const scratch = mkdtempSync(join(tmpdir(), "subnetra-neutral-"));
after(() => rmSync(scratch, { recursive: true }));

/** Loaded before anything else: another system's name, and a report of every function that is bound. */
const disguise = join(scratch, "disguise.mjs");
writeFileSync(
  disguise,
  `import koffi from ${JSON.stringify(pathToFileURL(join(root, "node_modules/koffi/index.js")).href)};
Object.defineProperty(process, "platform", { value: process.env.DISGUISE });
const load = koffi.load;
koffi.load = (...args) => {
  const library = load(...args);
  return { func: (prototype) => (console.log("bound " + prototype), library.func(prototype)) };
};
`,
);
/** Prints the path of every module that is loaded. */
const tracer = join(scratch, "tracer.mjs");
writeFileSync(
  tracer,
  `import { register } from "node:module";
register("data:text/javascript," + encodeURIComponent(
  'import { writeSync } from "node:fs";' +
  'export async function load(url, context, next) { writeSync(1, "loaded " + url + "\\\\n"); return next(url, context); }'));
`,
);

function run(platform: string, args: string[]) {
  const imports = [tracer, disguise].flatMap((file) => ["--import", pathToFileURL(file).href]);
  return spawnSync(process.execPath, ["--no-warnings", ...imports, ...args], {
    encoding: "utf8",
    cwd: root,
    env: { ...process.env, DISGUISE: platform },
  });
}

function load(platform: string, name: string) {
  return run(platform, [
    "--input-type=module",
    "--eval",
    `await import(${JSON.stringify(new URL(name, folder).href)})`,
  ]);
}

for (const name of readdirSync(folder).filter((file) => file.endsWith(".js"))) {
  test(`${name} loads nothing of Linux's on another system`, () => {
    const { stdout, stderr, status } = load("darwin", name);
    assert.match(stdout, new RegExp(`loaded .*/nodejs/${name}`));
    assert.doesNotMatch(stdout, /loaded .*\/nodejs\/linux\//);
    assert.doesNotMatch(stdout, LINUX_ONLY);
    if (status !== 0) assert.match(stderr, /UnsupportedSystem: Subnetra does not run on darwin yet/);
    if (name === "libc.js") assert.match(stdout, /bound int socket\(/);
  });
}

test("on Linux the same files load what they need of it", () => {
  const { stdout, stderr } = load("linux", "sys.js");
  assert.match(stdout, /loaded .*\/nodejs\/linux\/system\.js/, stderr);
  assert.match(stdout, LINUX_ONLY);
});

for (const program of ["subnetra", "subnetrad"]) {
  test(`${program} says in one line that the system is not supported`, () => {
    const { stderr, status } = run("darwin", [join(root, "bin", program), "status"]);
    assert.equal(stderr, `${program}: Subnetra does not run on darwin yet: it needs Linux\n`);
    assert.equal(status, 1);
  });
}
