// What a core file of a running process would hold, read from outside.

import { closeSync, openSync, readFileSync, readSync } from "node:fs";

const CHUNK = 1 << 20;
/** Kernel code and counters; they cannot be read through /proc. */
const SPECIAL = /\[(vsyscall|vvar|vvar_vclock)\]$/;

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** The readable mappings of a process that are not excluded from core files (VmFlags without "dd"). */
function dumpableMappings(pid: number): Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | null = null;
  for (const line of readFileSync(`/proc/${pid}/smaps`, "latin1").split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (r?).*? \d+ *(.*)$/.exec(line);
    if (head !== null) {
      const readable = head[3] === "r" && !SPECIAL.test(head[4]!);
      const [start, end] = [Number.parseInt(head[1]!, 16), Number.parseInt(head[2]!, 16)];
      current = readable ? { start, end, name: head[4] || "anonymous" } : null;
    } else if (current !== null && line.startsWith("VmFlags:") && !/ dd( |$)/.test(line)) {
      found.push(current);
    }
  }
  return found;
}

/** Lists the pages of a mapping that are present or swapped, as [start, end) ranges of addresses. */
function presentRanges(pagemap: number, { start, end }: Mapping): [number, number][] {
  const page = 4096;
  const ranges: [number, number][] = [];
  const entries = Buffer.alloc(8 * 65536);
  for (let at = start; at < end; ) {
    const count = Math.min((end - at) / page, 65536);
    const bytes = readSync(pagemap, entries, 0, count * 8, (at / page) * 8);
    for (let i = 0; i < bytes / 8; i++, at += page) {
      // Bits 63 and 62: present, swapped.
      if (entries[i * 8 + 7]! >> 6 === 0) continue;
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === at) last[1] = at + page;
      else ranges.push([at, at + page]);
    }
    if (bytes < count * 8) break;
  }
  return ranges;
}

/**
 * Where a core file of process `pid` would hold one of the named byte strings: a line for each find. The process
 * should be at rest.
 */
export function scanDumpable(pid: number, needles: ReadonlyMap<string, Uint8Array>): string[] {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const pagemap = openSync(`/proc/${pid}/pagemap`, "r");
  const longest = Math.max(...[...needles.values()].map((needle) => needle.length));
  const found: string[] = [];
  try {
    for (const mapping of dumpableMappings(pid)) {
      for (const [start, end] of presentRanges(pagemap, mapping)) {
        for (let at = start; at < end; at += CHUNK) {
          const chunk = Buffer.alloc(Math.min(CHUNK + longest - 1, end - at));
          const length = readSync(memory, chunk, 0, chunk.length, at);
          for (const [name, needle] of needles) {
            const index = chunk.subarray(0, length).indexOf(needle);
            if (index >= 0) found.push(`${name} at ${(at + index).toString(16)} (${mapping.name})`);
          }
        }
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return [...new Set(found)];
}
