// seal and open against two independent implementations, at every alignment, with guard bytes on both sides.

import assert from "node:assert/strict";
import { createCipheriv, randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { DATA, Primitives, VARIANTS } from "../support/kat/primitives.ts";

const EDGES = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
const GUARD = 64;
const FILL = 0xa5;

function nonceOf(seq: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(seq);
  return nonce;
}

function sealWithOpenssl(key: Buffer, seq: bigint, plaintext: Buffer): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonceOf(seq), { authTagLength: 16 });
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function randomSeq(): bigint {
  return randomInt(4) === 0 ? (EDGES[randomInt(EDGES.length)] as bigint) : randomBytes(8).readBigUInt64LE();
}

/** Seals and opens one random datagram of `length` bytes in both variants, every byte around it watched. */
function compare(engines: readonly Primitives[], length: number, withNoble: boolean): void {
  const key = randomBytes(32);
  const seq = randomSeq();
  const plaintext = randomBytes(length);
  const expected = sealWithOpenssl(key, seq, plaintext);
  const offset = DATA + GUARD + randomInt(17);
  const context = `length ${length}, offset ${offset}, key ${key.toString("hex")}, seq ${seq}`;
  if (withNoble) {
    const noble = chacha20poly1305(key, nonceOf(seq)).encrypt(plaintext);
    assert.ok(expected.equals(noble), context);
  }
  for (const engine of engines) {
    const from = offset - GUARD;
    const to = offset + length + 16 + GUARD;
    const guarded = (): void => {
      for (let at = from; at < offset; at++) assert.equal(engine.memory[at], FILL, context);
      for (let at = offset + length + 16; at < to; at++) assert.equal(engine.memory[at], FILL, context);
    };
    engine.memory.fill(FILL, from, to);
    assert.ok(engine.seal(key, seq, plaintext, offset).equals(expected), context);
    guarded();
    const opened = engine.open(key, seq, expected, offset);
    assert.ok(opened?.equals(plaintext), context);
    guarded();
    assert.ok(engine.take(offset + length, 16).equals(expected.subarray(length)), `tag kept, ${context}`);
  }
}

test("seal and open agree with OpenSSL and @noble/ciphers at every length up to 300", () => {
  const engines = VARIANTS.map((variant) => new Primitives(variant));
  for (let length = 0; length <= 300; length++) {
    for (let round = 0; round < 20; round++) compare(engines, length, round === 0);
  }
});

test("seal and open agree with OpenSSL at random lengths up to 2048", () => {
  const engines = VARIANTS.map((variant) => new Primitives(variant));
  for (let round = 0; round < 5000; round++) compare(engines, randomInt(2049), round % 50 === 0);
});

test("seal and open agree with OpenSSL far beyond a datagram", () => {
  const engines = VARIANTS.map((variant) => new Primitives(variant));
  for (const length of [2239, 2240, 2241, 2496, 4096, 65535, 65536, 1048575])
    compare(engines, length, length < 65536);
});

for (const variant of VARIANTS) {
  const engine = new Primitives(variant);

  test(`${variant}: one flipped bit anywhere is refused and nothing changes`, () => {
    for (const length of [0, 1, 15, 16, 17, 63, 64, 191, 192, 193, 255, 256, 449, 1408, 2032, 2300]) {
      const key = randomBytes(32);
      const seq = randomSeq();
      const sealed = sealWithOpenssl(key, seq, randomBytes(length));
      for (let at = 0; at < sealed.length; at++) {
        const forged = Buffer.from(sealed);
        forged[at] = (forged[at] as number) ^ (1 << randomInt(8));
        assert.equal(engine.open(key, seq, forged), null, `length ${length}, byte ${at}`);
        assert.ok(engine.take(DATA, forged.length).equals(forged), `unchanged, length ${length}, byte ${at}`);
      }
      assert.notEqual(engine.open(key, seq, sealed), null);
    }
  });

  test(`${variant}: another key, sequence number or length is refused`, () => {
    for (let round = 0; round < 500; round++) {
      const key = randomBytes(32);
      const seq = randomSeq();
      const sealed = sealWithOpenssl(key, seq, randomBytes(1 + randomInt(600)));
      const otherKey = Buffer.from(key);
      const at = randomInt(32);
      otherKey[at] = (otherKey[at] as number) ^ (1 << randomInt(8));
      assert.equal(engine.open(otherKey, seq, sealed), null);
      assert.equal(engine.open(key, seq ^ (1n << BigInt(randomInt(64))), sealed), null);
      assert.equal(engine.open(key, seq, sealed.subarray(0, -1)), null);
      assert.equal(engine.open(key, seq, Buffer.concat([sealed, Buffer.alloc(1)])), null);
      assert.notEqual(engine.open(key, seq, sealed), null);
    }
  });

  test(`${variant}: wipe leaves no key and no keystream in the module's own memory`, () => {
    const key = randomBytes(32);
    const zero = Buffer.alloc(2032);
    const sealed = engine.seal(key, 7n, zero);
    assert.notEqual(engine.open(key, 7n, sealed), null);
    const own = engine.memory.subarray(0, 65536);
    assert.ok(own.includes(sealed.subarray(64, 80)), "the keystream is there before");
    engine.call.wipe();
    for (let at = 0; at + 16 <= 2032; at += 16)
      assert.ok(!own.includes(sealed.subarray(at, at + 16)), `keystream at ${at}`);
    for (let at = 0; at < 32; at += 4)
      assert.ok(!own.includes(key.subarray(at, at + 4)), `key word at ${at}`);
  });
}
