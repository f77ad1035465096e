// Shared by the tests of the tiny build: its files and how to run them here.

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../../../lab/project.ts";

export { root };

interface Target {
  readonly emulator: readonly string[];
  readonly engine: string;
  readonly aead?: readonly { readonly name: string }[];
}

const scripts = (name: string) => pathToFileURL(join(root, "scripts/tiny", name)).href;
const targetsModule = await import(scripts("targets.mjs"));
export const targets: { readonly [name: string]: Target } = targetsModule.TARGETS;
export const sizeLimit: number = targetsModule.SIZE_LIMIT;
export const checkFile: (path: string) => string[] = (await import(scripts("elf.mjs"))).checkFile;
export const answerLines: (path: string) => string[] = (await import(scripts("answers.mjs"))).answerLines;

/** The target of the machine the tests run on. */
export const nativeTarget: string = targetsModule.NATIVE_TARGET;

export function fileOf(target: string): string {
  return join(root, `dist/tiny/subnetra-linux-${target}`);
}

/** The file for this machine. */
export const tiny = fileOf(nativeTarget);

/** A test program of test/support/tiny/programs, built for a target or "sanitized". */
export function testProgram(name: string, target = nativeTarget): string {
  return join(root, `.cache/tiny/programs/${name}-${target}`);
}

/** Why a test with a test program cannot run here, or false. In CI nothing is skipped. */
export function skipWithoutProgram(name: string, target = nativeTarget): string | false {
  if (process.env.CI === "true" || existsSync(testProgram(name, target))) return false;
  return `no ${testProgram(name, target)}: npm run test:tiny`;
}

/** What SUBNETRA_ENGINE may name in a target's file; a CPU may lack the wider ones. */
export function variantsOf(target: string): string[] {
  const { engine, aead } = targets[target]!;
  return aead?.map(({ name }) => name) ?? [engine];
}

/** Why a test of a target's file cannot run here, or false. In CI nothing is skipped. */
export function skipWithout(target: string): string | false {
  if (process.env.CI === "true" || existsSync(fileOf(target))) return false;
  return `no ${fileOf(target)}: npm run build:tiny -- --all`;
}

/** Why a test that needs root, or a command, cannot run here, or false. */
export function skipUnless(...commands: string[]): string | false {
  if (process.env.CI === "true") return false;
  if (process.getuid?.() !== 0) return "needs root";
  const missing = commands.filter((name) => spawnSync("which", [name]).status !== 0);
  return missing.length === 0 ? false : `needs ${missing.join(", ")}`;
}

/** The command that runs a target's file, through an emulator where it is not this machine's. */
export function commandFor(target: string): string[] {
  return target === nativeTarget ? [fileOf(target)] : [...targets[target]!.emulator, fileOf(target)];
}

export function run(
  command: readonly string[],
  options: {
    input?: string | Buffer;
    env?: NodeJS.ProcessEnv;
    timeout?: number;
    cwd?: string;
    encoding?: BufferEncoding;
  } = {},
): SpawnSyncReturns<string> {
  return spawnSync(command[0]!, command.slice(1), {
    encoding: options.encoding ?? "utf8",
    maxBuffer: 1 << 28,
    timeout: options.timeout ?? 120000,
    input: options.input,
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
}

/** Runs `body` with a new folder and removes it afterwards. */
export async function withFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "subnetra-tiny-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
