// Where the project lies and which of its builds a lab node runs.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder: the nearest one above this file with a package.json. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${start}`);
  }
}

/** Path of a compiled source file, named by its path in the project. */
export function compiled(source: string): string {
  return join(root, "dist", source.replace(/\.ts$/, ".js"));
}

/** One build of the node: how to start its daemon and its client. */
export interface Build {
  readonly name: "nodejs" | "tiny";
  readonly daemon: readonly string[];
  readonly client: readonly string[];
  /** The root file system it was installed into, when that is not this machine's: its interface it sets up itself. */
  readonly root?: string;
}

/** The Node.js build of a checkout. */
function nodejsBuildOf(folder: string): Build {
  return {
    name: "nodejs",
    daemon: [process.execPath, join(folder, "bin/subnetrad")],
    client: [process.execPath, join(folder, "bin/subnetra")],
  };
}

const nodejsBuild = nodejsBuildOf(root);

function tinyBuild(path: string): Build {
  return { name: "tiny", daemon: [path, "subnetrad"], client: [path, "subnetra"] };
}

const PLACES = {
  daemon: ["/usr/sbin/subnetrad", "/usr/local/bin/subnetrad"],
  client: ["/usr/bin/subnetra", "/usr/local/bin/subnetra"],
};

/** What a package or an image put into a root file system. */
function installedIn(folder: string): Build {
  const command = (places: readonly string[]) => {
    const place = places.find((path) => existsSync(join(folder, path)));
    if (place === undefined) throw new Error(`SUBNETRA_E2E_BIN: none of ${places.join(", ")} in ${folder}`);
    return ["chroot", folder, place];
  };
  return { name: "tiny", daemon: command(PLACES.daemon), client: command(PLACES.client), root: folder };
}

function buildNamed(text: string): Build {
  if (text === "nodejs" || text === "node") return nodejsBuild;
  if (text.startsWith("root:")) return installedIn(resolve(root, text.slice("root:".length)));
  const path = resolve(root, text);
  if (!existsSync(path)) throw new Error(`SUBNETRA_E2E_BIN: no such file: ${path}`);
  return existsSync(join(path, "bin/subnetrad")) ? nodejsBuildOf(path) : tinyBuild(path);
}

/**
 * Builds per role from a choice such as "nodejs", "dist/tiny/subnetra-linux-amd64" or
 * "hub=dist/tiny/subnetra-linux-amd64,spokes=nodejs". A folder stands for the Node.js build of the checkout that it is, or
 * of what `npm install -g` made there; "root:" and a folder for what is installed in that root file system. Roles not named
 * run the Node.js build.
 */
export function chooseBuilds(choice: string): { hub: Build; spokes: Build } {
  if (!choice.includes("=")) {
    const build = buildNamed(choice || "nodejs");
    return { hub: build, spokes: build };
  }
  const builds = { hub: nodejsBuild, spokes: nodejsBuild };
  for (const part of choice.split(",")) {
    const [role, name] = part.split("=", 2);
    if ((role !== "hub" && role !== "spokes") || !name) {
      throw new Error(`SUBNETRA_E2E_BIN: expected hub=… or spokes=…, got: ${part}`);
    }
    builds[role] = buildNamed(name);
  }
  return builds;
}

/** The builds that SUBNETRA_E2E_BIN asks for. */
export const builds = chooseBuilds(process.env.SUBNETRA_E2E_BIN ?? "");
