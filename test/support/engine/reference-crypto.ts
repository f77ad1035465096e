// The oracle's cryptography: wire-protocol.md §2–§4 and §7 on OpenSSL's AEAD and noble's BLAKE2b. It shares no code
// with the engine.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { blake2b } from "@noble/hashes/blake2.js";

const HEADER = 20;
const TAG = 16;
const encoder = new TextEncoder();

/** Plain fields of a header (wire-protocol.md §5). */
export interface Header {
  version: number;
  flags: number;
  keyId: number;
  epoch: bigint;
  seq: bigint;
}

function keyedHash(key: Uint8Array, label: string, data: Uint8Array): Uint8Array {
  const prefix = encoder.encode(label);
  const message = new Uint8Array(prefix.length + data.length);
  message.set(prefix);
  message.set(data, prefix.length);
  return blake2b(message, { key, dkLen: 32 });
}

/** link_key(psk, from, to), §3. */
export function linkKey(psk: Uint8Array, from: number, to: number): Uint8Array {
  const data = Buffer.alloc(8);
  data.writeUInt32BE(from, 0);
  data.writeUInt32BE(to, 4);
  return keyedHash(psk, "subnetra-v1-link", data);
}

/** session_key(link_key, epoch), §3. */
export function sessionKey(link: Uint8Array, epoch: bigint): Uint8Array {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(epoch);
  return keyedHash(link, "subnetra-v1-session", data);
}

/** header_pad(link_key, tag), §3. */
export function headerPad(link: Uint8Array, tag: Uint8Array): Uint8Array {
  return keyedHash(link, "subnetra-v1-obfs", tag).subarray(0, HEADER);
}

export function encodeHeader(header: Header): Uint8Array {
  const out = Buffer.alloc(HEADER);
  out.writeUInt8(header.version, 0);
  out.writeUInt8(header.flags, 1);
  out.writeUInt16LE(header.keyId, 2);
  out.writeBigUInt64LE(header.epoch, 4);
  out.writeBigUInt64LE(header.seq, 12);
  return out;
}

export function decodeHeader(datagram: Uint8Array): Header {
  const view = Buffer.from(datagram.buffer, datagram.byteOffset, HEADER);
  return {
    version: view.readUInt8(0),
    flags: view.readUInt8(1),
    keyId: view.readUInt16LE(2),
    epoch: view.readBigUInt64LE(4),
    seq: view.readBigUInt64LE(12),
  };
}

function nonce(seq: bigint): Uint8Array {
  const out = Buffer.alloc(12);
  out.writeBigUInt64LE(seq);
  return out;
}

/** A whole plain datagram: header, ciphertext, tag. */
export function sealDatagram(key: Uint8Array, header: Header, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce(header.seq), { authTagLength: TAG });
  const body = cipher.update(plaintext);
  cipher.final();
  const out = new Uint8Array(HEADER + body.length + TAG);
  out.set(encodeHeader(header));
  out.set(body, HEADER);
  out.set(cipher.getAuthTag(), HEADER + body.length);
  return out;
}

/** Plaintext of ciphertext || tag, or null when it does not authenticate. `body` has at least 16 bytes. */
export function openBody(key: Uint8Array, seq: bigint, body: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce(seq), { authTagLength: TAG });
  decipher.setAuthTag(body.subarray(body.length - TAG));
  const plaintext = decipher.update(body.subarray(0, body.length - TAG));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return plaintext;
}

/** §7 on a copy: masks a plain datagram, or de-masks a masked one. At least 36 bytes. */
export function maskDatagram(link: Uint8Array, datagram: Uint8Array): Uint8Array {
  const out = datagram.slice();
  const pad = headerPad(link, datagram.subarray(datagram.length - TAG));
  for (let i = 0; i < HEADER; i++) out[i]! ^= pad[i]!;
  return out;
}
