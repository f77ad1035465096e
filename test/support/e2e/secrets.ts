// Looks for key material in whatever the nodes printed.

import assert from "node:assert/strict";
import { blake2b } from "@noble/hashes/blake2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

const EPOCH_OFFSET = 4;
const HEADER_LENGTH = 20;
const TAG_LENGTH = 16;

function keyed(key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  return Buffer.from(blake2b(Buffer.concat(parts), { key, dkLen: 32 }));
}

function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** link_key(psk, from, to), wire-protocol.md §3. */
export function linkKey(psk: string, from: number, to: number): Buffer {
  return keyed(Buffer.from(psk, "hex"), utf8ToBytes("subnetra-v1-link"), u32be(from), u32be(to));
}

/** The session key of an obfuscated datagram, whose epoch it reads with the link key (wire-protocol.md §7). */
export function sessionKeyOf(link: Buffer, datagram: Buffer): Buffer {
  const tag = datagram.subarray(-TAG_LENGTH);
  const pad = keyed(link, utf8ToBytes("subnetra-v1-obfs"), tag).subarray(0, HEADER_LENGTH);
  const header = Buffer.from(datagram.subarray(0, HEADER_LENGTH).map((byte, i) => byte ^ pad[i]!));
  assert.equal(header[0], 1, "a datagram of this link, de-masked");
  const epoch = Buffer.from(header.subarray(EPOCH_OFFSET, EPOCH_OFFSET + 8)).reverse();
  return keyed(link, utf8ToBytes("subnetra-v1-session"), epoch);
}

/** Asserts that none of the keys stands in any of the texts, in hex, Base64 or raw, whole or in half. */
export function assertNoSecrets(texts: readonly string[], keys: readonly Buffer[]): void {
  const all = texts.join("\n");
  const lower = all.toLowerCase();
  assert.ok(all.length > 0, "there is output to search");
  for (const key of keys) {
    for (const half of [key.subarray(0, 16), key.subarray(16)]) {
      assert.ok(!lower.includes(half.toString("hex")), "no key in hex");
      assert.ok(!all.includes(half.toString("latin1")), "no raw key");
    }
    assert.ok(!all.includes(key.toString("base64").slice(0, 40)), "no key in Base64");
    assert.ok(!all.includes([...key.subarray(0, 8)].join(",")), "no key as a list of bytes");
  }
}
