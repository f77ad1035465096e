// What stands at a path, as the system tells.

import { REGION_SCRATCH } from "../engine/abi.ts";
import type { Host } from "./host.ts";
import { STAT_DEVICE, STAT_INODE, STAT_MODE, STAT_OWNER, STAT_TYPE } from "./sys.ts";

const MODE_DIGITS = 4;

export interface FileStatus {
  /** TYPE_*. */
  readonly type: number;
  /** Permission bits. */
  readonly mode: number;
  /** User id of the owner. */
  readonly owner: number;
  /** Device and inode: four words that no other file of the moment has. */
  readonly identity: readonly number[];
}

/** Status of what stands at a path, a link itself; -errno when there is none. Uses REGION_SCRATCH. */
export function fileStatus(host: Host, path: string): FileStatus | number {
  const at = host.engine.call.region(REGION_SCRATCH);
  const result = host.sys.stat(path, at);
  return result < 0 ? result : readStatus(host, at);
}

/** Status of an open file; -errno when the system has none. Uses REGION_SCRATCH. */
export function openFileStatus(host: Host, fd: number): FileStatus | number {
  const at = host.engine.call.region(REGION_SCRATCH);
  const result = host.sys.fstat(fd, at);
  return result < 0 ? result : readStatus(host, at);
}

export function sameFile(a: FileStatus, b: FileStatus): boolean {
  for (let i = 0; i < a.identity.length; i++) if (a.identity[i] !== b.identity[i]) return false;
  return true;
}

/** Permission bits as chmod writes them. */
export function modeText(mode: number): string {
  const digits = mode.toString(8);
  return "0000".substring(0, MODE_DIGITS - digits.length) + digits;
}

function readStatus(host: Host, offset: number): FileStatus {
  const word = (field: number): number => host.engine.u32[(offset + field) >> 2]!;
  return {
    type: word(STAT_TYPE),
    mode: word(STAT_MODE),
    owner: word(STAT_OWNER),
    identity: [word(STAT_DEVICE), word(STAT_DEVICE + 4), word(STAT_INODE), word(STAT_INODE + 4)],
  };
}
