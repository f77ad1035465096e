// Keyed BLAKE2b-256. The published known answers cover 64-byte digests only, so these fixed values come from the
// reference C implementation in CPython's hashlib: blake2b(bytes(range(n)), digest_size=32, key=bytes(range(32))).

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { blake2b } from "@noble/hashes/blake2.js";
import { Primitives, VARIANTS } from "../support/kat/primitives.ts";

const KNOWN: [number, string][] = [
  [1, "41ff93a4eaeebd3b78a93438a6f62a92ab5959c859e682b72c7def406197ca4d"],
  [24, "634dd4b61d59d7ece20eecd54dd0680ecee6073684b03e85e5f63269ac19c9b2"],
  [27, "7fcf1b6fcc2badd2abffdcd748d851e9b6760b9248f971a75d0e9092e4a5e3eb"],
  [32, "9ea4a7c5f78b4c5b7775841e2a07db514c510b14f5006d27aee5e20f8406bdd8"],
  [64, "7f46f043d63dfb3c9b1102c8824b632cae1fce453e3c0e9dc9e7113f3c1acc36"],
  [127, "12879e69734944f25f9ed95cbfdbb3659a307e485ed8ec118ce7c60f107357f1"],
  [128, "138893f1631ef3165629515d6ed800da3771b7926dced294205c7507351deebc"],
];

const counting = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i));

for (const variant of VARIANTS) {
  const engine = new Primitives(variant);

  test(`${variant}: keyed BLAKE2b-256 gives the known answers`, () => {
    for (const [length, digest] of KNOWN)
      assert.equal(engine.keyedHash(counting(32), counting(length)).toString("hex"), digest);
    assert.equal(
      engine.keyedHash(Buffer.alloc(32, 0xff), Buffer.alloc(128, 0xff)).toString("hex"),
      "ed527397bc3ded9ebb5bae8b26fe17751630dfafd434bba35e38d95bd011807a",
    );
  });

  test(`${variant}: keyed BLAKE2b-256 agrees with @noble/hashes at every length`, () => {
    for (let length = 1; length <= 128; length++) {
      for (let round = 0; round < 8; round++) {
        const key = randomBytes(32);
        const message = randomBytes(length);
        const expected = Buffer.from(blake2b(message, { key, dkLen: 32 }));
        assert.deepEqual(
          engine.keyedHash(key, message),
          expected,
          `key ${key.toString("hex")} message ${message.toString("hex")}`,
        );
      }
    }
  });
}
