// Files of the kernel and short commands, as the doctor reads them: what fails is null and never an exception.

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const TIMEOUT_MS = 4000;
const FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

/** Output of a command, or null when it is not there or fails. Administrators' folders are searched too. */
export function output(command: string, args: readonly string[]): string | null {
  const result = attempt(command, args);
  return result.error || result.status !== 0 ? null : result.stdout;
}

/** Runs a command; `error` is set when it cannot be started or takes too long. */
export function attempt(command: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(command, [...args], {
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    maxBuffer: 64 << 20,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:${FOLDERS}` },
  });
}

/** Text of a file, or null. */
export function text(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** A file that holds one number, or null. */
export function number(path: string): number | null {
  const read = text(path);
  return read === null || !/^-?\d+\s*$/.test(read) ? null : Number(read);
}

/** Names in a folder, none when it cannot be read. */
export function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Where a link points, "" when it cannot be read. */
export function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

/** The running processes: id, short name and arguments. */
export function processes(): { pid: number; name: string; words: string[] }[] {
  return names("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({
      pid: Number(pid),
      name: (text(`/proc/${pid}/comm`) ?? "").trim(),
      words: (text(`/proc/${pid}/cmdline`) ?? "").split("\0").filter(Boolean),
    }));
}
