// Hostile input against the C part under AddressSanitizer and UndefinedBehaviorSanitizer: any finding ends the
// process with a report.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import { chooseBuilds } from "../../lab/project.ts";
import { documents } from "../support/tiny/documents.ts";
import {
  answerLines,
  nativeTarget,
  root,
  run,
  skipUnless,
  testProgram,
  variantsOf,
  withFolder,
} from "../support/tiny/tiny.ts";

const SANITIZED = join(root, ".cache/tiny/sanitized/subnetra-sanitized");
const PORT = 51820;
const DOCUMENTS = 1000;
const REPORT = /Sanitizer|runtime error/;
// The arena and engine memory are one object each, so leaks inside them are not what this looks for.
const env = { ASAN_OPTIONS: "detect_leaks=0:abort_on_error=0", UBSAN_OPTIONS: "print_stacktrace=1" };

const skip =
  process.env.CI === "true" || existsSync(SANITIZED) ? false : "no sanitized build: npm run test:tiny";

describe("Under the sanitizers", { skip }, () => {
  it("known answers and receiver cases", async () => {
    await withFolder((folder) => {
      const lines = answerLines(join(root, "test/vectors/subnetra-edge-v1.json"));
      writeFileSync(join(folder, "answers"), lines.join("\n"));
      for (const variant of variantsOf(nativeTarget)) {
        const choice = { ...env, SUBNETRA_ENGINE: variant };
        const result = run([SANITIZED, "self-test", join(folder, "answers")], { env: choice });
        assert.doesNotMatch(result.stderr, REPORT);
        if (!result.stderr.startsWith("SUBNETRA_ENGINE")) assert.equal(result.status, 0, result.stderr);
      }
    });
  });

  it("configurations: the error table, random documents, 64 KB of brackets", async () => {
    const brackets = ["[", '{"a":', "[{", '"', "\\"].map((text) =>
      Buffer.from(text.repeat(65536 / text.length)),
    );
    const list = [...documents(DOCUMENTS, 7), ...brackets];
    const input = Buffer.concat(list.flatMap((document) => [Buffer.from(`${document.length}\n`), document]));
    const result = run([testProgram("check-many", "sanitized")], { input, env, timeout: 600000 });
    assert.doesNotMatch(result.stderr, REPORT);
    assert.equal(result.status, 0);
    assert.equal(result.stdout.split("\n").length, list.length + 1);
    await withFolder((folder) => {
      for (const [i, document] of brackets.entries()) {
        const path = join(folder, `${i}.json`);
        writeFileSync(path, document);
        const checked = run([SANITIZED, "subnetrad", "--check", "--config", path], { env });
        assert.equal(checked.status, 1);
        assert.match(checked.stderr, /^config load failed \([^)]*\): \w+\n/);
      }
    });
  });

  it("arguments, environment and paths of any length", () => {
    const long = "x".repeat(100000);
    for (const args of [
      [long],
      ["--config", long],
      ["--check", "--config", `/${long}`],
      ["self-test", long],
    ]) {
      const result = run([SANITIZED, "subnetrad", ...args], {
        env: { ...env, SUBNETRA_SOCK: long.slice(0, 60000) },
      });
      assert.equal(result.status, 1);
      assert.doesNotMatch(result.stderr, REPORT);
    }
    const status = run([SANITIZED, "subnetra", "status"], {
      env: { ...env, SUBNETRA_SOCK: long.slice(0, 60000) },
    });
    assert.match(status.stderr, /PathTooLong/);
  });

  describe("a running hub", { skip: skipUnless("ip") }, () => {
    let lab: Lab;
    let hub: MeshNode;

    before(async () => {
      lab = new Lab("tinyasan");
      lab.addNamespace("hub");
      lab.ip("hub", "link set lo up");
      const peer = { id: 2, endpoint: "127.0.0.1:9", allowed_src: "10.0.0.2/32", psk: newKey() };
      hub = new MeshNode(lab, "hub", chooseBuilds(SANITIZED).hub, {
        role: "hub",
        local_id: 1,
        listen_ports: [PORT],
        peers: [peer],
      });
      await hub.start({ env });
    });
    after(() => lab?.close());

    const helper = (path: string, ...args: string[]) =>
      lab.exec("hub", [process.execPath, join(root, "dist", path), ...args], 120000);

    it("survives hostile control datagrams", () => {
      const { stdout } = helper("test/support/tiny/control-flood.js", hub.socketPath, "hostile", "600");
      assert.match(stdout, /^sent=600 /);
      const asked = helper("test/support/tiny/control-flood.js", hub.socketPath, "requests", "60");
      assert.equal(asked.stdout, "sent=60 answered=40\n");
    });

    it("survives junk in UDP, of every length up to the largest", () => {
      const sizes = [0, 1, 19, 20, 35, 36, 37, 1472, 1488, 1489, 2047, 2048, 2049, 9000, 60000];
      const probes = sizes.map((size) => `20x${"01".repeat(size)}`);
      assert.match(
        helper("test/support/e2e/udp-probe.js", "127.0.0.1", String(PORT), ...probes).stdout,
        /answers=0/,
      );
      assert.match(hub.ask("status"), /^subnetra v/);
    });

    it("packets into its TUN, and an orderly end", async () => {
      lab.exec("hub", ["ping", "-c", "20", "-f", "-s", "1300", "10.0.0.2"]);
      const output = hub.daemon!.output;
      assert.equal(await hub.stop(), 0, output);
      assert.doesNotMatch(output, REPORT);
    });
  });
});
