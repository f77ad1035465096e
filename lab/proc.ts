// What /proc says about a process.

import { readFileSync } from "node:fs";

/** Kernel clock ticks per second in /proc/<pid>/stat; 100 on every Linux architecture. */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/<pid>/stat, counted from the one after the command's name. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** Processor time used so far, user and system, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND;
}

/** Resident set size in kB. */
export function residentKbOf(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (!match) throw new Error(`no VmRSS for process ${pid}`);
  return Number(match[1]);
}
