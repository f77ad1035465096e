// Two commits side by side: each figure of this checkout's builds divided by the baseline's, measured right beside it.
//
// A machine's speed drifts by more than the few percent that matter here, so ratios are taken within a round, where
// the two stand next to each other, and the middle one counts. Their order changes from round to round.

import { median, table } from "./figures.ts";

/** Who was measured; a baseline names the participant that is compared with it. */
export interface Named {
  readonly name: string;
  readonly baselineOf?: string;
}

/** Samples of one participant, one per round. */
export interface Samples<T> {
  readonly participant: Named;
  readonly samples: readonly T[];
}

/** A figure, whether more of it is better, and how to read it. */
export interface PairedFigure<T> {
  readonly name: string;
  readonly moreIsBetter: boolean;
  readonly read: (sample: T) => number;
}

/** Worse than this share is a regression. */
const TOLERANCE = 0.03;

/** The order for one round: pairs stay together, and every other round the baseline comes first. */
export function orderFor<T>(list: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...list].reverse() : [...list];
}

/** Rows of the table of ratios for one kind of measurement, new divided by baseline. */
export function pairedRows<T>(
  results: readonly Samples<T>[],
  figures: readonly PairedFigure<T>[],
): string[][] {
  const rows: string[][] = [];
  for (const { participant, samples } of results) {
    const baseline = results.find((other) => other.participant.baselineOf === participant.name);
    if (!baseline) continue;
    for (const { name, moreIsBetter, read } of figures) {
      const ratios = samples.map((sample, round) => read(sample) / read(baseline.samples[round]!));
      const middle = median(ratios);
      const gain = moreIsBetter ? middle - 1 : 1 / middle - 1;
      rows.push([
        `${participant.name}: ${name}`,
        shown(median(samples.map(read))),
        shown(median(baseline.samples.map(read))),
        middle.toFixed(3),
        `${Math.min(...ratios).toFixed(3)} … ${Math.max(...ratios).toFixed(3)}`,
        gain < -TOLERANCE ? "WORSE" : "",
      ]);
    }
  }
  return rows;
}

function shown(value: number): string {
  return value >= 1000 ? value.toExponential(3) : value.toPrecision(4);
}

export function pairedTable(rows: readonly (readonly string[])[]): string {
  return table([["paired with the baseline", "new", "baseline", "ratio", "of the rounds", ""], ...rows]);
}
