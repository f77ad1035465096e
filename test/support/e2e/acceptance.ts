// The end-to-end tests of acceptance items 4 to 20 (deployment.md §13) as one check of something that can be installed.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { compiled, root } from "../../../lab/project.ts";

const FILES = ["star-manual", "star-roles", "soak"].map((name) => compiled(`test/e2e/${name}.test.ts`));
const ITEMS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
/** Time for one run. */
export const ACCEPTANCE_MS = 400_000;

/** Runs end-to-end tests of the acceptance items, the memory's last. Returns the exit status and what was printed. */
function accept(
  builds: string,
  files: readonly string[],
): Promise<{ status: number | null; output: string }> {
  // Without the mark of the test around it: these report for themselves, and nothing may be skipped.
  const env: NodeJS.ProcessEnv = { ...process.env, SUBNETRA_E2E_BIN: builds, SUBNETRA_RELEASE_GATE: "1" };
  delete env.NODE_TEST_CONTEXT;
  const words = ["--test", "--test-concurrency=1", "--test-reporter=tap", ...files];
  const child = spawn(process.execPath, words, { cwd: root, env, timeout: ACCEPTANCE_MS });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, output })));
}

/** The numbers of the acceptance items whose tests passed, from "ok 3 - items 8 and 9: …". */
function passed(output: string): number[] {
  const numbers = new Set<number>();
  for (const [, title] of output.matchAll(/^ *ok \d+ - items? ([\d –and]+):/gm)) {
    const [first, last] = title!.match(/\d+/g)!.map(Number);
    for (let item = first!; item <= (last ?? first!); item++) numbers.add(item);
  }
  return [...numbers].sort((a, b) => a - b);
}

/**
 * All items hold with these builds.
 *
 * @param builds as SUBNETRA_E2E_BIN has it
 * @param memory with item 20: the node's own memory, which under an emulator cannot be told
 */
export async function assertAccepted(builds: string, memory = true): Promise<void> {
  const wanted = memory ? ITEMS : ITEMS.slice(0, -1);
  const { status, output } = await accept(builds, memory ? FILES : FILES.slice(0, -1));
  assert.equal(status, 0, output);
  assert.deepEqual(
    passed(output).filter((item) => wanted.includes(item)),
    wanted,
    output,
  );
}
