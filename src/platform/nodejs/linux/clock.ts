// Time and chance.

import { EINTR } from "../../../core/sys.ts";
import { clockGettime, errno } from "../libc.ts";
import { WORD } from "../posix.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "./constants.ts";
import { getrandom } from "./libc.ts";

const TIMESPEC_SIZE = 16;
const MILLISECONDS = 1000;
const NANOSECONDS_PER_MS = 1_000_000;

/** Writes REGION_CLOCK (engine/abi.ts) at `offset` of the engine's memory, which begins at address `base`. */
export type Clock = (memory: Uint32Array, base: number, offset: number) => void;

/** With 64-bit words, a struct timespec is exactly the pair REGION_CLOCK holds: the C library writes it in place. */
export function nativeClock(_memory: Uint32Array, base: number, offset: number): void {
  clockGettime(CLOCK_REALTIME, base + offset);
  clockGettime(CLOCK_MONOTONIC, base + offset + TIMESPEC_SIZE);
}

/** For 32-bit systems, whose struct timespec has two layouts. The wall clock has a resolution of 1 ms here. */
export function portableClock(memory: Uint32Array, _base: number, offset: number): void {
  const at = offset >> 2;
  const wall = Date.now();
  const [seconds, nanoseconds] = process.hrtime();
  memory.fill(0, at, at + 8);
  memory[at] = Math.floor(wall / MILLISECONDS);
  memory[at + 2] = (wall % MILLISECONDS) * NANOSECONDS_PER_MS;
  memory[at + 4] = seconds;
  memory[at + 6] = nanoseconds;
}

export const systemClock: Clock = WORD === 8 ? nativeClock : portableClock;

/** Fills memory from the kernel's random source. 0 or -errno. */
export function fillRandom(address: number, length: number): number {
  let done = 0;
  while (done < length) {
    const n = getrandom(address + done, length - done, 0);
    if (n > 0) done += n;
    else if (errno() !== EINTR) return -errno();
  }
  return 0;
}
