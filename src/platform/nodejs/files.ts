// Files, through node:fs with byte-exact paths. Results are values or -errno, as Sys wants them.

import * as fs from "node:fs";
import { EINVAL, OPEN_DIRECTORY, OPEN_WRITE_PRIVATE } from "../../core/sys.ts";

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = fs.constants;

/** A byte string as the bytes Node passes to the kernel unchanged. */
export function pathBytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** Runs a file operation. Its result, or -errno. Node repeats interrupted calls. */
export function attempt(operation: () => number): number {
  try {
    return operation();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).errno;
    return typeof code === "number" ? code : -EINVAL;
  }
}

function succeed(operation: () => void): number {
  return attempt(() => {
    operation();
    return 0;
  });
}

/**
 * Opens a file in one of the modes of src/core/sys.ts; Node adds close-on-exec. What is to be written may lie in a
 * directory that others can write to: a link there is not followed, a pipe not waited for.
 */
export function openFile(path: string, mode: number): number {
  const flags =
    mode === OPEN_WRITE_PRIVATE
      ? O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK
      : mode === OPEN_DIRECTORY
        ? O_RDONLY | O_DIRECTORY
        : O_RDONLY;
  return attempt(() => fs.openSync(pathBytes(path), flags, 0o600));
}

export function readFile(fd: number, memory: Uint8Array, offset: number, length: number): number {
  return attempt(() => fs.readSync(fd, memory, offset, length, null));
}

export function writeFile(fd: number, memory: Uint8Array, offset: number, length: number): number {
  return attempt(() => fs.writeSync(fd, memory, offset, length));
}

export function syncFile(fd: number): number {
  return succeed(() => fs.fsyncSync(fd));
}

export function closeFile(fd: number): number {
  return succeed(() => fs.closeSync(fd));
}

export function renameFile(from: string, to: string): number {
  return succeed(() => fs.renameSync(pathBytes(from), pathBytes(to)));
}

export function unlinkFile(path: string): number {
  return succeed(() => fs.unlinkSync(pathBytes(path)));
}

export function makeDirectory(path: string, mode: number): number {
  return succeed(() => fs.mkdirSync(pathBytes(path), mode));
}
