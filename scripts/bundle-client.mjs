// Makes one file of the compiled client: Node.js takes longer to find and read forty modules than to run them.

import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./setup.mjs";

/** Replaces apps/subnetra.js below `folder` (relative to the project) by itself with everything it imports. */
export function bundleClient(folder) {
  const file = join(root, folder, "apps/subnetra.js");
  // Only now: before the set-up there may be no esbuild.
  createRequire(import.meta.url)("esbuild").buildSync({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // The tools stay files of their own: the client must not read them.
    external: ["koffi", "./tools/run.js"],
    legalComments: "none",
  });
  rmSync(`${file}.map`, { force: true });
}
