// What the kernel knows of its clock: whether somebody disciplines it.

import { bindOptional } from "../libc.ts";
import { structures } from "../native-memory.ts";

/** struct timex with the widest fields has 208 bytes; modes 0 only reads. */
const TIMEX_SIZE = 208;
/** The clock is not synchronised. */
const TIME_ERROR = 5;
const TIMEX = structures.reserve(TIMEX_SIZE);

/** True when the kernel's clock is synchronised, false when not, null when it does not say (some containers). */
export function clockSynchronised(): boolean | null {
  const adjtimex = bindOptional("int adjtimex(uintptr_t)");
  if (adjtimex === null) return null;
  structures.u32.fill(0, TIMEX >> 2, (TIMEX + TIMEX_SIZE) >> 2);
  const state = adjtimex(structures.address(TIMEX));
  return state < 0 ? null : state !== TIME_ERROR;
}
