// The worked values of wire-protocol.md §21, recomputed by the engine and by the tests' own cryptography.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REGION_SCRATCH } from "../../src/engine/abi.ts";
import { loadEngine } from "../../src/engine/load.ts";

const text = readFileSync(new URL("../../../docs/spec/wire-protocol.md", import.meta.url), "utf8");
const blocks = [...text.matchAll(/### (.+)\n\n```vector\n([\s\S]*?)```/g)].map((match) => {
  const fields = new Map(
    match[2]!
      .trim()
      .split("\n")
      .map((line) => [line.split(" ")[0], line.slice(12)] as const),
  );
  const get = (name: string) => {
    const value = fields.get(name);
    assert.ok(value !== undefined, `${match[1]}: ${name}`);
    return value === "(empty)" ? "" : value;
  };
  return { title: match[1]!, get };
});

const engine = loadEngine();
const base = engine.call.region(REGION_SCRATCH);
const view = new DataView(engine.u8.buffer, engine.u8.byteOffset);
const put = (at: number, hex: string) => engine.u8.set(Buffer.from(hex, "hex"), at);
const read = (at: number, length: number) => Buffer.from(engine.u8.subarray(at, at + length)).toString("hex");

test("the specification has worked values", () => {
  assert.ok(blocks.length >= 3);
});

for (const { title, get } of blocks) {
  test(title, () => {
    const [psk, link, key, epoch, seq, plain, out] = [0, 64, 128, 192, 200, 256, 4096].map(
      (at) => base + at,
    ) as [number, number, number, number, number, number, number];
    put(psk, get("psk"));
    view.setBigUint64(epoch, BigInt(get("epoch")), true);
    view.setBigUint64(seq, BigInt(get("seq")), true);
    put(plain, get("plaintext"));
    const { call } = engine;
    call.deriveLinkKey(psk, Number(get("from")), Number(get("to")), link);
    assert.equal(read(link, 32), get("link_key"));
    call.deriveSessionKey(link, epoch, key);
    assert.equal(read(key, 32), get("session_key"));
    const flags = Number(get("flags"));
    const bytes = get("plaintext").length / 2;
    const length = call.sealDatagram(key, Number(get("from")), flags, epoch, seq, plain, bytes, out);
    assert.equal(read(out, length), get("datagram"));
    call.maskHeader(link, out, length);
    assert.equal(read(out, length), get("masked"));
  });
}
