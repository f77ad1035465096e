import assert from "node:assert/strict";
import { test } from "node:test";
import { pcapngHead, pcapngPacket } from "../../../src/apps/tools/pcapng.ts";
import { readCapture } from "../../../src/core/tools/capture.ts";
import { innerLine } from "../../../src/core/tools/decoder.ts";
import { fromHex, toHex } from "../../../src/core/tools/hex.ts";
import { writeDecimalU64 } from "../../../src/core/tools/u64.ts";
import { loadEngine } from "../../../src/engine/load.ts";

const engine = loadEngine();
const AT = 1 << 20;

test("a decimal text becomes a u64, and nothing else does", () => {
  const view = new DataView(engine.u8.buffer);
  for (const value of [
    0n,
    1n,
    255n,
    65536n,
    2n ** 32n,
    2n ** 53n + 1n,
    1704067200000000000n,
    2n ** 64n - 1n,
  ]) {
    assert.ok(writeDecimalU64(engine, AT, String(value)), String(value));
    assert.equal(view.getBigUint64(AT, true), value);
  }
  for (const text of [
    "",
    "-1",
    "1.0",
    "x",
    "18446744073709551616",
    "99999999999999999999",
    "000000000000000000000",
  ]) {
    assert.ok(!writeDecimalU64(engine, AT, text), text);
  }
});

test("hexadecimal text and bytes", () => {
  assert.equal(fromHex("00ffA5", engine.u8, AT, 3), 3);
  assert.equal(toHex(engine.u8, AT, 3), "00ffa5");
  for (const text of ["0", "0g", "00112233"]) assert.equal(fromHex(text, engine.u8, AT, 3), -1, text);
});

test("an inner packet in one line", () => {
  const packet = Buffer.from("45000054000040004001000a0a4d00020a4d0003", "hex");
  const line = (bytes: Buffer) => innerLine(new Uint8Array(bytes), 0, bytes.length);
  assert.equal(line(packet), "inner: IPv4 10.77.0.2 -> 10.77.0.3 proto=1 len=20");
  packet[9] = 6;
  assert.equal(
    line(Buffer.concat([packet, Buffer.from("1f900050", "hex")])),
    "inner: IPv4 10.77.0.2:8080 -> 10.77.0.3:80 proto=6 len=24",
  );
  packet[0] = 0x4f;
  assert.equal(line(packet), "inner: not an IPv4 packet");
  assert.equal(line(Buffer.alloc(0)), "inner: not an IPv4 packet");
});

/** An IPv4 packet with a UDP payload. */
function udp(payload: Buffer): Buffer {
  const head = Buffer.from("45000000000000004011000001020304050607080001000200000000", "hex");
  head.writeUInt16BE(head.length + payload.length, 2);
  head.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([head, payload]);
}

test("a capture gives its datagrams and their times, whole or cut", () => {
  const payload = Buffer.from("hello");
  const file = Buffer.concat([
    pcapngHead(),
    pcapngPacket(udp(payload), 1700000000, 123456789),
    pcapngPacket(udp(payload), 7, 8),
  ]);
  const found = readCapture(file);
  assert.equal(found.length, 2);
  assert.equal(file.subarray(found[0]!.offset, found[0]!.offset + found[0]!.length).toString(), "hello");
  assert.equal(found[0]!.seconds, 1700000000);
  assert.ok(Math.abs(found[0]!.nanoseconds - 123456789) < 1000);
  assert.deepEqual([found[1]!.seconds, found[1]!.nanoseconds], [7, 8]);
  for (let length = 0; length < file.length; length++) {
    for (const { offset, length: bytes } of readCapture(file.subarray(0, length)))
      assert.ok(offset + bytes <= length);
  }
});
