// Bytes in engine memory: wiping, copying, and numbers for people.

import { REGION_SCRATCH } from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";

/** Overwrites key material. (Duktape's typed arrays have no fill.) */
export function wipe(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = 0;
}

/** Text from bytes at `offset`, one character per byte. */
export function readText(u8: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = offset; i < offset + length; i++) text += String.fromCharCode(u8[i]!);
  return text;
}

/** Writes a byte string to `offset`. */
export function writeText(u8: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) u8[offset + i] = text.charCodeAt(i);
}

/** The u64 at `offset` in decimal. */
export function formatU64(engine: Engine, offset: number): string {
  if (engine.u32[(offset + 4) >> 2] === 0) return String(engine.u32[offset >> 2]);
  const scratch = engine.call.region(REGION_SCRATCH);
  return readText(engine.u8, scratch, engine.call.formatU64(offset, scratch));
}
