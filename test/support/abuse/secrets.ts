// Every secret of a link in every form in which the engine holds it, computed by the oracle.

import { blake2b } from "@noble/hashes/blake2.js";
import { decodeHeader, linkKey, maskDatagram, sessionKey } from "../engine/reference-crypto.ts";

/** BLAKE2b's chaining value after the block that holds the key (RFC 7693 §3.3). */
function midstate(key: Uint8Array): Uint8Array {
  const hash = blake2b.create({ key, dkLen: 32 });
  // The key's block is compressed when it is known not to be the last one.
  hash.update(Uint8Array.of(0));
  const words = (hash as unknown as { get(): number[] }).get();
  const bytes = Buffer.alloc(64);
  for (let i = 0; i < 16; i++) bytes.writeInt32LE(words[i]! | 0, i * 4);
  return bytes;
}

/** The epoch of a masked datagram sent from `from` to `to`. */
export function epochOf(psk: Uint8Array, from: number, to: number, datagram: Uint8Array): bigint {
  return decodeHeader(maskDatagram(linkKey(psk, from, to), datagram)).epoch;
}

/**
 * The secrets of the link between `local` and `peer` by name.
 *
 * @param sent a datagram of the local node to the peer, @param received one of the peer: for their epochs
 */
export function linkSecrets(
  pskHex: string,
  local: number,
  peer: number,
  sent: Uint8Array,
  received: Uint8Array,
): Map<string, Uint8Array> {
  const psk = Buffer.from(pskHex, "hex");
  const secrets = new Map<string, Uint8Array>([
    [`psk of ${peer}`, psk],
    [`psk of ${peer} as text`, Buffer.from(pskHex, "latin1")],
    [`psk of ${peer} as UTF-16`, Buffer.from(pskHex, "utf16le")],
    [`midstate of the psk of ${peer}`, midstate(psk)],
  ]);
  for (const [from, to, datagram] of [
    [local, peer, sent],
    [peer, local, received],
  ] as const) {
    const link = linkKey(psk, from, to);
    const session = sessionKey(link, epochOf(psk, from, to, datagram));
    secrets.set(`link key ${from} to ${to}`, link);
    secrets.set(`midstate of link key ${from} to ${to}`, midstate(link));
    secrets.set(`session key ${from} to ${to}`, session);
  }
  return secrets;
}
