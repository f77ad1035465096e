// `save`: the policy table as a file that is either the old one or the new one, control-protocol.md §5.

import { REGION_SCRATCH } from "../../engine/abi.ts";
import type { Job } from "../control/job.ts";
import { errnoText } from "../errno-text.ts";
import { fileStatus } from "../file-status.ts";
import type { Host } from "../host.ts";
import { writeText } from "../memory.ts";
import { oneLine } from "../printable.ts";
import {
  EEXIST,
  EINTR,
  EINVAL,
  EIO,
  errnoOf,
  OPEN_CREATE,
  OPEN_DIRECTORY,
  STDERR,
  TYPE_FILE,
} from "../sys.ts";
import { EMPTY_TABLE, formatRule, readRule } from "./text.ts";

/** Rules that one step writes. */
const RULES_PER_PIECE = 32;

/** Where a daemon with this control socket saves its rules. */
export function snapshotPath(socketPath: string): string {
  return `${socketPath}.policy`;
}

/**
 * Writes the table to `path` through a temporary file and syncs file and directory; some rules a step, the syncing as
 * the last one. When a step before the rename fails, the temporary file is removed and the old snapshot stays. No rule
 * is added while it runs, because requests are handled one by one.
 */
export class SaveJob implements Job {
  readonly tooLong = "";
  private readonly host: Host;
  private readonly path: string;
  private readonly count: number;
  private fd = -1;
  private next = 0;

  constructor(host: Host, path: string) {
    this.host = host;
    this.path = path;
    this.count = host.engine.call.ruleCount();
  }

  step(): string | null {
    const { sys } = this.host;
    if (this.fd < 0) {
      this.fd = createAnew(this.host, this.temporary);
      if (this.fd < 0) return this.failed(this.fd);
    }
    let result = this.writePiece();
    if (result >= 0 && this.next < this.count) return null;
    if (result >= 0) result = sys.fsync(this.fd);
    const closed = sys.close(this.fd);
    if (result >= 0) result = closed;
    if (result >= 0) result = sys.rename(this.temporary, this.path);
    if (result < 0) {
      sys.unlink(this.temporary);
      return this.failed(result);
    }
    result = syncDirectory(this.host, this.path);
    return result < 0 ? this.failed(result) : `saved ${this.count} rule(s) to ${this.path}\n`;
  }

  /** The reply has no room for the reason (control-protocol.md §3): the log has it. */
  private failed(result: number): string {
    const why = errnoText(errnoOf(result));
    this.host.sys.print(STDERR, `save failed: ${oneLine(this.path)}: ${why}\n`);
    return "save failed\n";
  }

  private get temporary(): string {
    return `${this.path}.tmp`;
  }

  /** Others use the scratch memory between two steps, so each writes all of its own. */
  private writePiece(): number {
    const { engine } = this.host;
    const scratch = engine.call.region(REGION_SCRATCH);
    const lines = this.count === 0 ? [EMPTY_TABLE] : [];
    const end = Math.min(this.count, this.next + RULES_PER_PIECE);
    while (this.next < end) lines.push(formatRule(readRule(engine, this.next++)));
    const text = lines.join("");
    writeText(engine.u8, scratch, text);
    return writeAll(this.host, this.fd, scratch, text.length);
  }
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

/** Repeats short and interrupted writes; a write of nothing is a failure. 0 or -errno. */
function writeAll(host: Host, fd: number, offset: number, length: number): number {
  let done = 0;
  while (done < length) {
    const n = host.sys.write(fd, offset + done, length - done);
    if (n < 0 && errnoOf(n) === EINTR) continue;
    if (n <= 0) return n < 0 ? n : -EIO;
    done += n;
  }
  return 0;
}

/** Makes the rename durable. A file system without directory sync (EINVAL) is no failure. 0 or -errno. */
function syncDirectory(host: Host, path: string): number {
  const fd = host.sys.open(directoryOf(path), OPEN_DIRECTORY);
  if (fd < 0) return fd;
  const synced = host.sys.fsync(fd);
  host.sys.close(fd);
  return synced < 0 && errnoOf(synced) === EINVAL ? 0 : synced;
}

/** The directory part of a path, "." when it has none. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.substring(0, slash);
}
