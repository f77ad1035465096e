// `save`: the policy table as a file that is either the old one or the new one, control-protocol.md §5.

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { fileStatus } from "../file-status.ts";
import type { Host } from "../host.ts";
import { writeText } from "../memory.ts";
import { EEXIST, EINTR, EINVAL, errnoOf, OPEN_CREATE, OPEN_DIRECTORY, TYPE_FILE } from "../sys.ts";
import { EMPTY_TABLE, formatRule, readRule } from "./text.ts";

/** Longer than any rule line. */
const LINE_ROOM = 128;

/** Where a daemon with this control socket saves its rules. */
export function snapshotPath(socketPath: string): string {
  return `${socketPath}.policy`;
}

/**
 * Writes the table to `path` through a temporary file and syncs file and directory.
 *
 * @returns false when a step failed; before the rename the temporary file is removed and the old snapshot stays
 */
export function saveSnapshot(host: Host, path: string): boolean {
  const temporary = `${path}.tmp`;
  const { sys } = host;
  const fd = createAnew(host, temporary);
  if (fd < 0) return false;
  const written = writeTable(host, fd) && sys.fsync(fd) >= 0;
  const closed = sys.close(fd) >= 0;
  if (!written || !closed || sys.rename(temporary, path) < 0) {
    sys.unlink(temporary);
    return false;
  }
  return syncDirectory(host, path);
}

/**
 * Creates the temporary file. One that a killed daemon has left is ours to remove; a link, a file of another user's or
 * anything else is left alone, and nothing is ever written through it. A descriptor or -errno.
 */
function createAnew(host: Host, path: string): number {
  const { sys } = host;
  const fd = sys.open(path, OPEN_CREATE);
  if (fd !== -EEXIST) return fd;
  const left = fileStatus(host, path);
  if (typeof left === "number" || left.type !== TYPE_FILE || left.owner !== sys.userId()) return fd;
  sys.unlink(path);
  return sys.open(path, OPEN_CREATE);
}

/** Writes all lines in pieces of at most the scratch's size. */
function writeTable(host: Host, fd: number): boolean {
  const { engine } = host;
  const scratch = engine.call.region(REGION_SCRATCH);
  const count = engine.call.ruleCount();
  if (count === 0) {
    writeText(engine.u8, scratch, EMPTY_TABLE);
    return writeAll(host, fd, scratch, EMPTY_TABLE.length);
  }
  let used = 0;
  for (let i = 0; i < count; i++) {
    const line = formatRule(readRule(engine, i));
    writeText(engine.u8, scratch + used, line);
    used += line.length;
    if (used > SCRATCH_LENGTH - LINE_ROOM) {
      if (!writeAll(host, fd, scratch, used)) return false;
      used = 0;
    }
  }
  return writeAll(host, fd, scratch, used);
}

/** Repeats short and interrupted writes; a write of nothing is a failure. */
function writeAll(host: Host, fd: number, offset: number, length: number): boolean {
  let done = 0;
  while (done < length) {
    const n = host.sys.write(fd, offset + done, length - done);
    if (n < 0 && errnoOf(n) === EINTR) continue;
    if (n <= 0) return false;
    done += n;
  }
  return true;
}

/** Makes the rename durable. A file system without directory sync (EINVAL) is no failure. */
function syncDirectory(host: Host, path: string): boolean {
  const fd = host.sys.open(directoryOf(path), OPEN_DIRECTORY);
  if (fd < 0) return false;
  const synced = host.sys.fsync(fd);
  host.sys.close(fd);
  return synced >= 0 || errnoOf(synced) === EINVAL;
}

/** The directory part of a path, "." when it has none. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.substring(0, slash);
}
