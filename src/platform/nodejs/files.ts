// Files, through node:fs with byte-exact paths. Results are values or -errno, as Sys wants them.

import * as fs from "node:fs";
import {
  EINVAL,
  OPEN_CREATE,
  OPEN_DIRECTORY,
  OPEN_LOCK,
  OPEN_PUBLIC,
  STAT_DEVICE,
  STAT_INODE,
  STAT_LENGTH,
  STAT_MODE,
  STAT_OWNER,
  STAT_TYPE,
  TYPE_DIRECTORY,
  TYPE_FILE,
  TYPE_SOCKET,
} from "../../core/sys.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

const MODE_BITS = 0o7777n;
const PUBLIC_MODE = 0o644;

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

/** Flags of each mode. What is to be written may lie where others can write: no link is followed, no pipe waited for. */
const FLAGS: { readonly [mode: number]: number } = {
  [OPEN_CREATE]: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  [OPEN_PUBLIC]: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  [OPEN_DIRECTORY]: O_RDONLY | O_DIRECTORY,
  [OPEN_LOCK]: O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
};

/** Opens a file in one of the modes of src/core/sys.ts; Node.js adds close-on-exec. */
export function openFile(path: string, mode: number): number {
  return attempt(() => {
    const fd = fs.openSync(pathBytes(path), FLAGS[mode] ?? O_RDONLY, 0o600);
    if (mode === OPEN_PUBLIC) fs.fchmodSync(fd, PUBLIC_MODE);
    return fd;
  });
}

function writeStatus(status: fs.BigIntStats, memory: Uint8Array, offset: number): void {
  const view = new DataView(memory.buffer, offset, STAT_LENGTH);
  const type = status.isFile()
    ? TYPE_FILE
    : status.isDirectory()
      ? TYPE_DIRECTORY
      : status.isSocket()
        ? TYPE_SOCKET
        : 0;
  view.setUint32(STAT_TYPE, type, true);
  view.setUint32(STAT_MODE, Number(status.mode & MODE_BITS), true);
  view.setUint32(STAT_OWNER, Number(status.uid), true);
  view.setBigUint64(STAT_DEVICE, status.dev, true);
  view.setBigUint64(STAT_INODE, status.ino, true);
}

/** Sys.stat. */
export function statFile(path: string, memory: Uint8Array, offset: number): number {
  return succeed(() => writeStatus(fs.lstatSync(pathBytes(path), { bigint: true }), memory, offset));
}

/** Sys.fstat. */
export function statOpenFile(fd: number, memory: Uint8Array, offset: number): number {
  return succeed(() => writeStatus(fs.fstatSync(fd, { bigint: true }), memory, offset));
}

export function readFile(fd: number, memory: Uint8Array, offset: number, length: number): number {
  return attempt(() => fs.readSync(fd, memory, offset, length, null));
}

/** Sys.readText. */
export function readTextFile(fd: number, limit: number): string | number {
  const bytes = Buffer.alloc(limit);
  const count = attempt(() => fs.readSync(fd, bytes, 0, limit, null));
  return count < 0 ? count : bytes.toString("latin1", 0, count);
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
