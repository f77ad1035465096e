// A figure: something measured, what it must be, and whether it is.

import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { builds } from "../../../lab/project.ts";

/** Where a figure must lie; both ends count as inside. */
export interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One line of the file that SUBNETRA_FIGURES names (JSON), read by scripts/test-abuse.mjs. */
export interface Figure {
  readonly name: string;
  /** With its unit, as it is shown: infinity has no JSON. */
  readonly measured: string;
  readonly required: string;
  readonly holds: boolean;
}

/** How the build under test is called in what a figure prints. */
export const buildName = builds.hub.name === "tiny" ? "static" : "nodejs";

function requirement({ atLeast, atMost }: Bounds, unit: string): string {
  if (atLeast !== undefined && atLeast === atMost) return `${atLeast}${unit}`;
  const parts: string[] = [];
  if (atLeast !== undefined) parts.push(`≥ ${atLeast}${unit}`);
  if (atMost !== undefined) parts.push(`≤ ${atMost}${unit}`);
  return parts.join(" and ");
}

/**
 * Records a measurement under a name, prints it, and fails the test when it is out of bounds. What was measured and
 * is not a number is out of bounds. `unit` is printed right behind the number, with the space it wants.
 */
export function figure(name: string, measured: number, bounds: Bounds, unit = ""): void {
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bounds;
  const holds = measured >= atLeast && measured <= atMost;
  const digits = Number.isInteger(measured) ? 0 : Math.abs(measured) < 10 ? 2 : 1;
  const shown = `${measured.toFixed(digits)}${unit}`;
  const required = requirement(bounds, unit);
  const verdict = holds ? "" : "  MISSED";
  console.log(`figure: ${name} [${buildName}]: measured ${shown}, must be ${required}${verdict}`);
  const file = process.env.SUBNETRA_FIGURES;
  const entry: Figure = { name, measured: shown, required, holds };
  if (file) appendFileSync(file, `${JSON.stringify(entry)}\n`);
  assert.ok(holds, `${name}: measured ${shown}, must be ${required}`);
}
