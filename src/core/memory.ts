// Bytes in engine memory: wiping, copying, and numbers for people.

import { REGION_SCRATCH } from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";

/** Overwrites key material. (Duktape's typed arrays have no fill.) */
export function wipe(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = 0;
}

/** Overwrites the key of every peer. */
export function wipeKeys(peers: readonly { readonly psk: Uint8Array }[]): void {
  for (let i = 0; i < peers.length; i++) wipe(peers[i]!.psk);
}

/** Bytes that become text in one step; a call has room for so many arguments everywhere. */
const TEXT_CHUNK = 512;

/**
 * Text from bytes at `offset`, one character per byte. (In chunks: adding character by character would copy, and in
 * Duktape hash, the whole text for each.)
 */
export function readText(u8: Uint8Array, offset: number, length: number): string {
  const end = offset + length;
  const chunks: string[] = [];
  for (let at = offset; at < end; at += TEXT_CHUNK) {
    const bytes = u8.subarray(at, at + TEXT_CHUNK < end ? at + TEXT_CHUNK : end);
    chunks.push(String.fromCharCode.apply(null, bytes as unknown as number[]));
  }
  return chunks.join("");
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
