// A copy of a build that any user may read, wherever the project itself lies.

import { chmodSync, cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../../lab/lab.ts";
import { type Build, root } from "../../../lab/project.ts";

/** What the Node.js build needs to run. */
const PARTS = ["bin", "dist/src", "package.json", "node_modules/koffi", "node_modules/@koromix"];

/** Copies the build into a world-readable folder, removed with the lab. */
export function forEveryone(lab: Lab, build: Build): Build {
  const folder = mkdtempSync(join(lab.folder, "everyone-"));
  chmodSync(lab.folder, 0o711);
  chmodSync(folder, 0o755);
  const inside = (word: string) => word.startsWith(`${root}/`);
  const relative = (path: string) => path.slice(root.length + 1);
  const programs = [...build.daemon, ...build.client].filter(inside).map(relative);
  const parts = new Set(build.name === "nodejs" ? [...PARTS, ...programs] : programs);
  for (const part of parts) {
    mkdirSync(join(folder, part, ".."), { recursive: true });
    cpSync(join(root, part), join(folder, part), { recursive: true, dereference: true });
  }
  const relocate = (words: readonly string[]) =>
    words.map((word) => (inside(word) ? join(folder, relative(word)) : word));
  return { name: build.name, daemon: relocate(build.daemon), client: relocate(build.client) };
}
