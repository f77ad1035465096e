// 64-bit numbers between text and memory, without 64-bit arithmetic in JavaScript.

import type { Engine } from "../../engine/exports.ts";

const LIMB = 65536;

/** Writes the number of a decimal text to `offset` as a little-endian u64. False for anything but 0 … 2^64 - 1. */
export function writeDecimalU64(engine: Engine, offset: number, text: string): boolean {
  if (text.length === 0 || text.length > 20) return false;
  // Four limbs of 16 bits, the lowest first.
  const limbs = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return false;
    let carry = digit;
    for (let k = 0; k < limbs.length; k++) {
      const value = limbs[k]! * 10 + carry;
      limbs[k] = value % LIMB;
      carry = Math.floor(value / LIMB);
    }
    if (carry !== 0) return false;
  }
  engine.u32[offset >> 2] = limbs[0]! + limbs[1]! * LIMB;
  engine.u32[(offset + 4) >> 2] = limbs[2]! + limbs[3]! * LIMB;
  return true;
}
