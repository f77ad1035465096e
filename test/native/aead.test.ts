// The native AEAD, every width this CPU runs, against node:crypto; its Poly1305 against whole numbers.

import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { test } from "node:test";
import { Harness, toolchains } from "../support/native/harness.ts";

const AEAD = 0;
const POLY1305 = 1;
const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

function encode(kind: number, key: Buffer, seq: bigint, message: Buffer, result: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(message.length, 4);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(seq);
  return Buffer.concat([head, key, number, message, result]);
}

function aeadCase(length: number): Buffer {
  const key = randomBytes(32);
  const nonce = Buffer.concat([randomBytes(8), Buffer.alloc(4)]);
  const message = randomBytes(length);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  const sealed = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
  return encode(AEAD, key, nonce.readBigUInt64LE(), message, sealed);
}

/** A number of 16 bytes, low byte first. */
const littleEndian = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);

/** RFC 8439 §2.5.1, for whole blocks. */
function poly1305(key: Buffer, message: Buffer): Buffer {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16)
    sum = ((sum + littleEndian(message.subarray(at, at + 16)) + (1n << 128n)) * r) % PRIME;
  const tag = (sum + littleEndian(key.subarray(16))) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(32, "0"), "hex").reverse();
}

/** Bytes, most of them all ones or all zeros: carries travel, limbs get large, sums come close to the prime. */
function extremeBytes(length: number): Buffer {
  const bytes = randomBytes(length);
  const choice = randomBytes(length);
  return Buffer.from(bytes.map((byte, i) => (choice[i]! < 120 ? 0xff : choice[i]! < 200 ? 0 : byte)));
}

function poly1305Case(key: Buffer, message: Buffer): Buffer {
  return encode(POLY1305, key, 0n, message, poly1305(key, message));
}

function poly1305Cases(): Buffer[] {
  const ones = Buffer.alloc(512, 0xff);
  // With r = 1 the result is the sum of the blocks, each with 2^128 added. These two come to the prime - 1, the
  // prime, the prime + 1 and 2^130 - 2.
  const one = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const near = [0xfb, 0xfc, 0xfd, 0xff].map((last) =>
    Buffer.concat([ones.subarray(0, 16), Buffer.from([last]), ones.subarray(0, 15)]),
  );
  const fixed = [
    poly1305Case(ones.subarray(0, 32), ones),
    ...near.map((message) => poly1305Case(one, message)),
  ];
  const drawn = Array.from({ length: 3000 }, (_, i) =>
    poly1305Case(extremeBytes(32), extremeBytes((i % 20) * 16)),
  );
  return [...fixed, ...drawn];
}

const LENGTHS = [...Array(2049).keys(), 2240, 2241, 2304, 2752, 2753, 4096, 9000, 65520];
const compilers = toolchains();

for (const toolchain of compilers) {
  test(`the native AEAD agrees with node:crypto, built by ${toolchain.name}`, async (context) => {
    const harness = await Harness.build(toolchain);
    context.after(() => harness.remove());
    const step = toolchain.sanitizes ? 13 : 1;
    const cases = [...LENGTHS.map(aeadCase), ...poly1305Cases()];
    for (const name of harness.names())
      assert.equal(harness.check(name, Buffer.concat(cases), step), cases.length, name);
  });
}

const skip = compilers.length === 0 && "no gcc and no zig, or not a CPU that the native AEAD is for";

test("the harness fails where results differ", { skip }, async (context) => {
  const harness = await Harness.build(compilers[0]!);
  context.after(() => harness.remove());
  const wrong = aeadCase(100);
  wrong[wrong.length - 1]! ^= 1;
  for (const name of harness.names())
    assert.throws(() => harness.check(name, wrong, 1), /sealed otherwise: length 100/);
});
