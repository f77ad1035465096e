// Keys stay out of core files and out of swap. Both settings end when a program is executed: each image of the process
// makes them again.

import { prctl, syscall } from "./libc.ts";

const PR_SET_DUMPABLE = 4;
const MADV_DONTDUMP = 16;
/** Pages are locked as they become resident: what is never used costs nothing. */
const MLOCK_ONFAULT = 1;
const PAGE = 4096;

/** System calls that musl has no functions for: madvise and mlock2 (Linux 4.4). */
const NUMBERS: { readonly [arch: string]: readonly [madvise: number, mlock2: number] } = {
  x64: [28, 325],
  arm64: [233, 284],
  riscv64: [233, 284],
  loong64: [233, 284],
  arm: [220, 390],
  ia32: [219, 376],
};
const [SYS_MADVISE, SYS_MLOCK2] = NUMBERS[process.arch] ?? [-1, -1];

/** No core file of this process is written, and no debugger of another process without privileges gets at it. */
export function forbidDumps(): void {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/** The pages of [start, end) do not become part of a core file, whoever asks for one. */
export function keepOutOfDumps(start: number, end: number): void {
  const first = start - (start % PAGE);
  syscall(SYS_MADVISE, first, end - first, MADV_DONTDUMP, 0);
}

/**
 * The pages of [start, end) are not swapped out. The system allows a process so many locked bytes (RLIMIT_MEMLOCK);
 * beyond that nothing happens.
 */
export function keepOutOfSwap(start: number, end: number): void {
  syscall(SYS_MLOCK2, start, end - start, MLOCK_ONFAULT, 0);
}
