// The Compose file and the Kubernetes manifest as the tools for them read them: docker-compose without a daemon, and the schemas of
// Kubernetes' API with unknown fields refused. Each tool must also refuse a file that is wrong.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findCommand } from "../../lab/prerequisites.ts";
import { run } from "../../lab/process.ts";
import { root } from "../../lab/project.ts";
import { gate } from "../support/deploy/machine.ts";

const KUBERNETES = join(root, ".cache/venv/bin/kubernetes-validate");
const folder = mkdtempSync(join(tmpdir(), "subnetra-manifests-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of a file of ours in which `word` is misspelled. */
function misspelled(path: string, word: string): string {
  const text = readFileSync(path, "utf8");
  assert.ok(text.includes(word), word);
  const copy = join(folder, "wrong.yaml");
  writeFileSync(copy, text.replace(word, `${word}x`));
  return copy;
}

test("docker-compose reads the Compose file", {
  skip: !gate && findCommand("docker-compose") === undefined && "needs docker-compose",
}, () => {
  const file = join(root, "deploy/container/compose.yaml");
  const config = (path: string) => run(["docker-compose", "-f", path, "config"]);
  const { status, stdout, stderr } = config(file);
  assert.equal(status, 0, stderr);
  for (const line of ["- NET_ADMIN", "- /dev/net/tun", "network_mode: host"])
    assert.ok(stdout.includes(line), line);
  assert.match(config(misspelled(file, "cap_add")).stderr, /Unsupported config option .*cap_addx/);
});

test("the Kubernetes manifest is one of the API's, without an unknown field", {
  skip: !gate && !existsSync(KUBERNETES) && "no kubernetes-validate: npm run test:deploy -- --install",
}, () => {
  const file = join(root, "deploy/kubernetes/subnetra.yaml");
  const validate = (path: string) => {
    const { status, stdout, stderr } = run([KUBERNETES, "--strict", path]);
    return { status, output: stdout + stderr };
  };
  const { status, output } = validate(file);
  assert.equal(status, 0, output);
  assert.match(output, /passed for resource deployment\/subnetra/);
  const wrong = validate(misspelled(file, "readOnlyRootFilesystem"));
  assert.notEqual(wrong.status, 0, wrong.output);
  assert.match(wrong.output, /readOnlyRootFilesystemx/);
});
