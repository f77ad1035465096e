// A "node" is a mesh node, a socket leaves a "socket file": CONTRIBUTING.md.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../../lab/project.ts";

const FOLDERS = ["src", "lab", "bench", "demo", "test", "scripts", "docs", "deploy", "bin"];
const FORBIDDEN = [["socket", "node"].join(" "), ["Node", "build"].join(" ")];

test("words that mean two things do not come back", () => {
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!name.isFile() || !/\.(ts|mjs|c|h|md|init|service)$|^subnetrad?$/.test(name.name)) continue;
      const path = join(name.parentPath, name.name);
      const text = readFileSync(path, "utf8");
      for (const words of FORBIDDEN) assert.ok(!text.includes(words), `${path}: "${words}"`);
    }
  }
});
