// The corpus: one file per input under test/fuzz/corpus/<target>, named by its content.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../lab/project.ts";

const CORPUS = join(root, "test/fuzz/corpus");

export function readCorpus(target: string): { readonly name: string; readonly input: Uint8Array }[] {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ name, input: new Uint8Array(readFileSync(join(folder, name))) }));
}

/** Writes an input; one that shows a defect gets the prefix "crash-". Returns its path. */
export function addToCorpus(target: string, input: Uint8Array, prefix = ""): string {
  const folder = join(CORPUS, target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${prefix}${createHash("sha256").update(input).digest("hex").slice(0, 16)}`);
  writeFileSync(path, input);
  return path;
}
