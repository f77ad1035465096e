// What the engine has of a peer's allowed_src: the first prefix in its record, further ones in a table of their own.

import {
  PEER_ALLOWED,
  PEER_SOURCES,
  PEER_STRIDE,
  PREFIX_STRIDE,
  REGION_PEERS,
  REGION_SOURCES,
  SOURCE_STRIDE,
} from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";
import { type Cidr, readPrefix } from "./cidr.ts";

const NONE: readonly Cidr[] = [];

/** The first prefix of a peer's allowed_src. @param at the peer's record */
export function firstSource(engine: Engine, at: number): Cidr {
  return readPrefix(engine, at + PEER_ALLOWED);
}

/** The prefixes behind the first. @param at the record of the peer of that index */
export function otherSources(engine: Engine, index: number, at: number): readonly Cidr[] {
  const count = engine.u32[(at + PEER_SOURCES) >> 2]!;
  if (count === 0) return NONE;
  const table = engine.call.region(REGION_SOURCES) + index * SOURCE_STRIDE;
  const sources: Cidr[] = [];
  for (let i = 0; i < count; i++) sources.push(readPrefix(engine, table + i * PREFIX_STRIDE));
  return sources;
}

/** All prefixes of a peer's allowed_src. */
export function allowedSources(engine: Engine, index: number): Cidr[] {
  const at = engine.call.region(REGION_PEERS) + index * PEER_STRIDE;
  return [firstSource(engine, at)].concat(otherSources(engine, index, at));
}
