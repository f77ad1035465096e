// A capture may come from anywhere: whatever it holds, reading it ends, and what is found lies inside of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pcapngHead, pcapngPacket } from "../../../src/apps/tools/pcapng.ts";
import { isCapture, readCapture } from "../../../src/core/tools/capture.ts";

/** An IPv4 packet with a UDP payload. */
function udp(payload: Buffer): Buffer {
  const head = Buffer.from("45000000000000004011000001020304050607080001000200000000", "hex");
  head.writeUInt16BE(head.length + payload.length, 2);
  head.writeUInt16BE(8 + payload.length, 24);
  return Buffer.concat([head, payload]);
}

const packet = udp(Buffer.from("Subnetra"));

function pcap(magic: number, little: boolean, link: number, frames: Buffer[]): Buffer {
  const write = (buffer: Buffer, value: number, at: number) =>
    little ? buffer.writeUInt32LE(value, at) : buffer.writeUInt32BE(value, at);
  const head = Buffer.alloc(24);
  write(head, magic, 0);
  write(head, 65535, 16);
  write(head, link, 20);
  const records = frames.map((frame, i) => {
    const record = Buffer.alloc(16);
    write(record, 1700000000 + i, 0);
    write(record, 5, 4);
    write(record, frame.length, 8);
    write(record, frame.length, 12);
    return Buffer.concat([record, frame]);
  });
  return Buffer.concat([head, ...records]);
}

const hex = (text: string) => Buffer.from(text, "hex");
/** What stands before the IPv4 header on each kind of link. */
const LINKS: [string, number, Buffer][] = [
  ["raw IP", 101, hex("")],
  ["IPv4", 228, hex("")],
  ["loopback", 0, hex("02000000")],
  ["OpenBSD loopback", 108, hex("00000002")],
  ["Ethernet", 1, hex("0102030405060708090a0b0c0800")],
  ["Ethernet, VLAN", 1, hex("0102030405060708090a0b0c810000050800")],
  ["Ethernet, two VLANs", 1, hex("0102030405060708090a0b0c88a80007810000050800")],
  ["Linux cooked", 113, hex("00000001000600000000000000000800")],
  ["Linux cooked 2", 276, hex("0800000000000002000100060000000000000000")],
];

test("every kind of link, stamp and byte order gives the payload", () => {
  for (const [name, link, before] of LINKS) {
    for (const little of [true, false]) {
      for (const [magic, unit] of [
        [0xa1b2c3d4, 1000],
        [0xa1b23c4d, 1],
      ] as const) {
        const file = pcap(magic, little, link, [Buffer.concat([before, packet])]);
        assert.ok(isCapture(file));
        const [found] = readCapture(file);
        assert.ok(found !== undefined, name);
        assert.equal(file.subarray(found.offset, found.offset + found.length).toString(), "Subnetra");
        assert.deepEqual([found.seconds, found.nanoseconds], [1700000000, 5 * unit], name);
      }
    }
  }
});

test("what is no whole UDP datagram over IPv4 is passed over", () => {
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(packet);
    change(bytes);
    return bytes;
  };
  const odd = [
    changed((b) => b.writeUInt8(0x65, 0)),
    changed((b) => b.writeUInt8(6, 9)),
    changed((b) => b.writeUInt16BE(0x2000, 6)),
    changed((b) => b.writeUInt16BE(1, 6)),
    changed((b) => b.writeUInt8(0x4f, 0)),
    changed((b) => b.writeUInt16BE(7, 24)),
    packet.subarray(0, 27),
    Buffer.alloc(0),
  ];
  const file = pcap(0xa1b2c3d4, true, 101, [...odd, packet]);
  assert.equal(readCapture(file).length, 1);
});

const seeds = [
  pcap(0xa1b2c3d4, true, 1, [Buffer.concat([LINKS[5]![2], packet]), packet]),
  pcap(0xa1b23c4d, false, 276, [Buffer.concat([LINKS[8]![2], packet])]),
  Buffer.concat([pcapngHead(), pcapngPacket(packet, 1700000000, 5), pcapngPacket(packet, 1, 2)]),
];
/** Lengths and stamps that break those who trust them. */
const WORDS = [
  0, 1, 3, 4, 8, 11, 12, 16, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff,
];

test("hostile captures are harmless: they are read to their end, and what they give can be written", () => {
  const change = fc.record({ at: fc.nat(400), word: fc.constantFrom(...WORDS), wide: fc.boolean() });
  let found = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(change, { maxLength: 6 }),
      fc.nat(400),
      (seed, changes, cut) => {
        const file = Buffer.from(seed);
        for (const { at, word, wide } of changes) {
          if (wide && at + 4 <= file.length) file.writeUInt32LE(word, at & ~3);
          else if (at < file.length) file[at] = word;
        }
        const bytes = file.subarray(0, file.length - (cut < 100 ? cut : 0));
        const before = Buffer.from(bytes);
        for (const { offset, length, seconds, nanoseconds } of readCapture(bytes)) {
          found++;
          assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length);
          const block = pcapngPacket(bytes.subarray(offset, offset + length), seconds, nanoseconds);
          assert.equal(block.readUInt32LE(4), block.length);
        }
        assert.ok(bytes.equals(before), "reading changes nothing");
      },
    ),
    { numRuns: 20000 },
  );
  assert.ok(found > 1000);
});

test("bytes that are no capture are none, and reading them finds nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      isCapture(bytes);
      for (const { offset, length } of readCapture(bytes)) assert.ok(offset + length <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});
