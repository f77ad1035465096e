// Poly1305 against its definition (RFC 8439 §2.5) in big integers, with words chosen to drive the limbs, which are not
// carried to the end after each block, to their largest values.

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { Primitives, VARIANTS } from "../support/kat/primitives.ts";

const PRIME = 2n ** 130n - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x00${Buffer.from(bytes).reverse().toString("hex")}`);

function definition(key: Buffer, message: Buffer): string {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP;
  let h = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    h = ((h + littleEndian(block) + (1n << BigInt(8 * block.length))) * r) % PRIME;
  }
  const tag = (h + littleEndian(key.subarray(16))) & (2n ** 128n - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse().toString("hex");
}

/** Bytes in words of four that are all ones, all zeros, almost so, or random. */
function extreme(length: number): Buffer {
  const out = randomBytes(length + 3);
  for (let at = 0; at < length; at += 4) {
    const kind = randomInt(8);
    if (kind < 5) out.fill(0xff, at, at + 4);
    else if (kind === 5) out.fill(0, at, at + 4);
    else if (kind === 6) out.fill(0xfb, at, at + 1).fill(0xff, at + 1, at + 4);
  }
  return out.subarray(0, length);
}

for (const variant of VARIANTS) {
  const engine = new Primitives(variant);
  const check = (key: Buffer, message: Buffer): void => {
    const expected = definition(key, message);
    const context = `key ${key.toString("hex")}, message ${message.toString("hex")}`;
    assert.equal(engine.poly1305(key, message).toString("hex"), expected, context);
  };

  test(`${variant}: Poly1305 of the largest words under the largest key`, () => {
    for (let length = 0; length <= 1024; length += 16)
      check(Buffer.alloc(32, 0xff), Buffer.alloc(length, 0xff));
  });

  test(`${variant}: Poly1305 reduces results from just below the prime to just below 2^130`, () => {
    const key = Buffer.alloc(32);
    key[0] = 1;
    for (let low = 0xf0; low <= 0xff; low++) {
      const message = Buffer.alloc(32, 0xff);
      message[16] = low;
      check(key, message);
    }
  });

  test(`${variant}: Poly1305 follows its definition for extreme words`, () => {
    for (let round = 0; round < 5000; round++) check(extreme(32), extreme(randomInt(400)));
  });
}
