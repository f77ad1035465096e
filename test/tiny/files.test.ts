// The files themselves: static, stripped, within the size limit, and right about known answers on every CPU.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  answerLines,
  checkFile,
  commandFor,
  fileOf,
  root,
  run,
  skipWithout,
  targets,
  variantsOf,
  withFolder,
} from "../support/tiny/tiny.ts";

const NOT_HERE = "SUBNETRA_ENGINE names no engine that this CPU runs\n";
const VECTORS = ["test/vectors/subnetra-edge-v1.json", "../shared/vectors/subnetra-v1.json"]
  .map((path) => join(root, path))
  .filter((path) => existsSync(path));

for (const name of Object.keys(targets)) {
  test(`${name}: static, stripped, at most 512 KB`, { skip: skipWithout(name) }, () => {
    assert.deepEqual(checkFile(fileOf(name)), []);
  });

  test(`${name}: known answers and receiver cases`, { skip: skipWithout(name) }, async () => {
    const lines = VECTORS.flatMap(answerLines);
    assert.ok(lines.length > 100);
    await withFolder((folder) => {
      const answers = join(folder, "answers");
      writeFileSync(answers, `${lines.join("\n")}\n`);
      let ran = 0;
      for (const variant of variantsOf(name)) {
        const env = { SUBNETRA_ENGINE: variant };
        const builtIn = run([...commandFor(name), "self-test"], { env });
        if (builtIn.stderr === NOT_HERE) continue;
        assert.equal(builtIn.status, 0, "the built-in answers");
        const all = run([...commandFor(name), "self-test", answers], { env });
        assert.equal(
          `${all.stderr}${all.stdout}`,
          `self-test: ${lines.length} of ${lines.length} right, engine ${variant}\n`,
        );
        ran++;
      }
      assert.ok(ran > 0);
    });
  });

  test(`${name}: a wrong answer is noticed`, { skip: skipWithout(name) }, async () => {
    await withFolder((folder) => {
      const answers = join(folder, "answers");
      const words = answerLines(VECTORS[0]!)[0]!.split(" ");
      words[9] = words[9]!.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"));
      writeFileSync(answers, `${words.join(" ")}\n`);
      const result = run([...commandFor(name), "self-test", answers]);
      assert.equal(result.status, 1);
      assert.match(result.stderr, /line 1: wrong datagram/);
    });
  });
}

test("an engine that does not exist is refused", { skip: skipWithout("amd64") }, () => {
  const result = run([...commandFor("amd64"), "subnetra", "--version"], { env: { SUBNETRA_ENGINE: "none" } });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /SUBNETRA_ENGINE/);
});
