import { writePrefix } from "../../../src/core/cidr.ts";
import { REGION_SCRATCH } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";

/** Index of the rule for a destination (a<<24 | …), or -1. */
export function matchRule(engine: Engine, destination: number): number {
  const at = engine.call.region(REGION_SCRATCH);
  writePrefix(engine, at, { address: destination, bits: 32 });
  return engine.call.matchRule(at);
}
