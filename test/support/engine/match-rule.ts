import { writePrefix } from "../../../src/core/cidr.ts";
import { PREFIX_STRIDE, REGION_SCRATCH } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";

/** Index of the rule for a destination and a source (a<<24 | …), or -1. */
export function matchRule(engine: Engine, destination: number, source = 0): number {
  const at = engine.call.region(REGION_SCRATCH);
  writePrefix(engine, at, { address: destination, bits: 32 });
  writePrefix(engine, at + PREFIX_STRIDE, { address: source, bits: 32 });
  return engine.call.matchRule(at, at + PREFIX_STRIDE);
}
