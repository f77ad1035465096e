// Linux capabilities of the calling thread, and proof about all threads. daemon-cli.md §4.

import { readdirSync, readFileSync } from "node:fs";
import { errno } from "../libc.ts";
import { structures } from "../native-memory.ts";
import { capget, capset, prctl, syscall } from "./libc.ts";

const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
/** _LINUX_CAPABILITY_VERSION_3: two 32-bit words per set. */
const VERSION = 0x20080522;
const LAST_CAPABILITY = 63;
const SYS_FACCESSAT2 = 439;
const AT_FDCWD = -100;
const AT_EACCESS = 0x200;
const WRITE_AND_SEARCH = 3;
const PATH_LIMIT = 4096;

const HEADER = structures.reserve(8);
/** Effective, permitted, inheritable of capabilities 0–31, then the same of 32–63. */
const SETS = structures.reserve(24);
const SETS_AT = SETS >> 2;
const SET_WORDS = 6;
const PATH = structures.reserve(PATH_LIMIT);

function readSets(): boolean {
  structures.u32[HEADER >> 2] = VERSION;
  structures.u32[(HEADER >> 2) + 1] = 0;
  return capget(structures.address(HEADER), structures.address(SETS)) === 0;
}

function writeSets(): boolean {
  return capset(structures.address(HEADER), structures.address(SETS)) === 0;
}

/** True when the calling thread holds any capability: effective, permitted or inheritable. */
export function holdsCapabilities(): boolean {
  if (!readSets()) return true;
  for (let i = 0; i < SET_WORDS; i++) if (structures.u32[SETS_AT + i] !== 0) return true;
  return false;
}

/** Sets no_new_privs, which every later program of this process inherits. 0 or -errno. */
export function forbidNewPrivileges(): number {
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno() : 0;
}

/**
 * Empties the bounding, ambient, effective, permitted and inheritable sets of the calling thread. Bounding first:
 * that needs a capability (CAP_SETPCAP) which the last step removes; without it the set stays, harmlessly under
 * no_new_privs. 0 or -errno.
 */
export function clearCapabilities(): number {
  const last = lastCapability();
  for (let capability = 0; capability <= last; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!readSets()) return -errno();
  structures.u32.fill(0, SETS_AT, SETS_AT + SET_WORDS);
  return writeSets() ? 0 : -errno();
}

function lastCapability(): number {
  try {
    const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "latin1"));
    return last > 0 && last < LAST_CAPABILITY ? last : LAST_CAPABILITY;
  } catch {
    return LAST_CAPABILITY;
  }
}

/** True when /proc shows that no thread of this process holds a capability. */
export function allThreadsUnprivileged(): boolean {
  try {
    for (const thread of readdirSync("/proc/self/task")) {
      const status = readFileSync(`/proc/self/task/${thread}/status`, "latin1");
      const sets = status.match(/^Cap(Inh|Prm|Eff|Amb):\s*0+$/gm);
      if (sets === null || sets.length !== 4) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether this process could create a file in `directory` (a byte string) once it has no capability: the kernel's
 * own answer with the effective set emptied for the moment. False also where the kernel cannot say (before 5.8).
 */
export function writableWithoutCapabilities(directory: string): boolean {
  if (directory.length >= PATH_LIMIT || !readSets()) return false;
  const saved = structures.u32.slice(SETS_AT, SETS_AT + SET_WORDS);
  structures.u32[SETS_AT] = 0;
  structures.u32[SETS_AT + 3] = 0;
  if (!writeSets()) return false;
  structures.setString(PATH, directory);
  const result = syscall(SYS_FACCESSAT2, AT_FDCWD, structures.address(PATH), WRITE_AND_SEARCH, AT_EACCESS);
  structures.u32.set(saved, SETS_AT);
  return writeSets() && result === 0;
}
