// Round trips of two commits side by side. Load of other kinds between them drowns the few microseconds that matter: so short
// series alternate between stars that are all up, many times.

import { ping } from "../lab/ping.ts";
import { B_OVERLAY } from "../lab/star.ts";
import type { Contender } from "./contender.ts";
import { type Named, orderFor, type Samples } from "./paired.ts";

const SERIES = 60;
const PINGS = 150;
const INTERVAL_S = 0.002;

/** Middle round trip from A to B of each series, in ms, for every contender. */
export function measureLatency(
  entrants: readonly { readonly participant: Named; readonly contender: Contender }[],
): Samples<number>[] {
  const measured = entrants.map(({ participant, contender }) => ({
    participant,
    contender,
    samples: [] as number[],
  }));
  for (let series = 0; series < SERIES; series++) {
    for (const { contender, samples } of orderFor(measured, series))
      samples.push(
        ping(contender.lab, "a", B_OVERLAY, { count: PINGS, intervalSeconds: INTERVAL_S }).medianMs,
      );
  }
  return measured;
}
