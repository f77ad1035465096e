// Test programs: the static file's runtime and engine with another entry in place of the daemon and the client.
//
// Every module in test/support/tiny/programs is the entry of one; it finds the platform in the global `native`.

import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { root } from "../setup.mjs";

const FOLDER = "test/support/tiny/programs";

/** Where the test program with this entry lies, built for a target (or "sanitized"), relative to the project. */
export function testProgramFile(entry, target) {
  return `.cache/tiny/programs/${basename(entry, ".ts")}-${target}`;
}

/** Every test program for a target (or "sanitized"), as compile() takes them. */
export function testPrograms(target) {
  return readdirSync(`${root}/${FOLDER}`)
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => ({ entry: `${FOLDER}/${name}`, file: testProgramFile(name, target) }));
}
