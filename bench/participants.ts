// Who takes part in the benchmark here, who is missing, and how to get them.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { findCommand, installHint, missingCommands } from "../lab/prerequisites.ts";
import { type Build, chooseBuilds, root } from "../lab/project.ts";
import type { Named } from "./paired.ts";

const NEWEST = "golang.zx2c4.com/wireguard@latest";
/** Rivals and tools that come from the distribution. */
const COMMANDS = ["wireguard-go", "wg", "iperf3", "openssl"];
const cache = join(root, ".cache/bench");
const newestBinary = join(cache, "wireguard");

export interface Rival {
  readonly name: string;
  readonly binary: string;
}

const MACHINES: Record<string, string> = { x64: "amd64", arm64: "arm64", arm: "armv7", riscv64: "riscv64" };

export interface Participant extends Named {
  readonly build: Build;
}

function buildsOf(folder: string): { nodejs: Build; tiny: Build | undefined } {
  const tiny = join(folder, "dist/tiny", `subnetra-linux-${MACHINES[process.arch]}`);
  return { nodejs: chooseBuilds(folder).hub, tiny: existsSync(tiny) ? chooseBuilds(tiny).hub : undefined };
}

/**
 * Our own builds that exist: Node always, tiny when it has been built for this machine. `baseline` is the folder of
 * another checkout, built: its builds take part beside those that both have.
 */
export function ownBuilds(baseline?: string): Participant[] {
  const own = buildsOf(root);
  const other = baseline === undefined ? undefined : buildsOf(resolve(baseline));
  const found: Participant[] = [];
  for (const [name, build, rival] of [
    ["Subnetra, Node.js", own.nodejs, other?.nodejs],
    ["Subnetra, tiny", own.tiny, other?.tiny],
  ] as const) {
    if (build) found.push({ name, build });
    if (build && rival) found.push({ name: `${name} (baseline)`, build: rival, baselineOf: name });
  }
  return found;
}

export function rivals(): Rival[] {
  const found: Rival[] = [];
  if (findCommand("wg") === undefined) return found;
  const packaged = findCommand("wireguard-go");
  if (packaged) found.push({ name: "wireguard-go, Debian's", binary: packaged });
  if (existsSync(newestBinary)) found.push({ name: "wireguard-go, newest", binary: newestBinary });
  return found;
}

/** What is missing, each with the remedy. */
export function missingParticipants(): string[] {
  const lines: string[] = [];
  const commands = missingCommands(COMMANDS);
  if (commands.length > 0) lines.push(`${commands.join(", ")}: ${installHint(commands)}`);
  if (!existsSync(newestBinary)) {
    lines.push(`newest wireguard-go: ${findCommand("go") ? `go install ${NEWEST}` : "needs go"}`);
  }
  return lines;
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
  const result = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (result.error || result.status !== 0)
    console.error(`bench: ${command} ${args.join(" ")} did not succeed`);
}

/** Installs what is missing: packages with apt-get, the newest wireguard-go into the project's cache folder. */
export function setUpParticipants(): void {
  const commands = missingCommands(COMMANDS);
  if (commands.length > 0) {
    run("apt-get", ["update", "-qq"]);
    run("apt-get", installHint(commands).split(" ").slice(1).concat("-y", "-qq"));
  }
  const go = findCommand("go");
  if (!existsSync(newestBinary) && go) run(go, ["install", NEWEST], { GOBIN: cache });
}
