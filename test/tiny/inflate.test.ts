// Damaged streams leave the decompressor's behaviour defined, under AddressSanitizer and UndefinedBehaviorSanitizer.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { root, run, skipUnless, withFolder } from "../support/tiny/tiny.ts";

const SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1", "-std=gnu11"];

function framed(stream: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(stream.length);
  return Buffer.concat([head, stream]);
}

test("inflate: every prefix and every flipped bit of a stream", { skip: skipUnless("gcc") }, async () => {
  const text = Array.from({ length: 90 }, (_, i) => `word ${(i * 7919) % 61} of ${(i * i) % 97};`).join("");
  const stream = deflateRawSync(Buffer.from(text), { level: 9, memLevel: 9 });
  assert.equal(stream[0]! & 7, 5, "one dynamic block");
  const variants: Uint8Array[] = [stream];
  for (let length = 0; length < stream.length; length++) variants.push(stream.subarray(0, length));
  for (let bit = 3; bit < stream.length * 8; bit++) {
    const copy = Uint8Array.from(stream);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    variants.push(copy);
  }
  await withFolder((folder) => {
    const program = join(folder, "inflate");
    const sources = ["test/support/tiny/inflate-main.c", "src/platform/tiny/inflate.c"];
    const built = run(["gcc", ...SANITIZED, "-Isrc/platform/tiny", ...sources, "-o", program], { cwd: root });
    assert.equal(built.status, 0, built.stderr);
    const result = run([program], { input: Buffer.concat(variants.map(framed)) });
    assert.equal(result.stderr, "");
    assert.match(result.stdout, new RegExp(`^${variants.length} [1-9]\\d*\\n$`));
  });
});
