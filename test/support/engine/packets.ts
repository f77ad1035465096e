// Random inner packets, datagrams of arbitrary senders, and the damage that a network or an attacker does to them.

import type { Prng } from "../../../src/platform/sim/prng.ts";
import { linkKey, maskDatagram, sealDatagram, sessionKey } from "./reference-crypto.ts";

/** An IPv4 packet of `length` ≥ 20 bytes; everything the nodes do not look at is random. */
export function ipv4Packet(random: Prng, source: number, destination: number, length: number): Uint8Array {
  const packet = random.bytes(length);
  const longest = Math.min(15, Math.floor(length / 4));
  packet[0] = 0x40 + random.between(5, Math.max(5, longest));
  const view = new DataView(packet.buffer);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  return packet;
}

/** A packet that fails the IPv4 test (wire-protocol.md §8) in one of its ways. */
export function brokenPacket(random: Prng): Uint8Array {
  const packet = ipv4Packet(random, random.u32(), random.u32(), random.between(20, 80));
  switch (random.below(4)) {
    case 0:
      return packet.subarray(0, random.below(20));
    case 1:
      packet[0] = (packet[0]! & 0x0f) | (random.pick([0, 1, 2, 3, 5, 6, 7, 8, 15]) << 4);
      return packet;
    case 2:
      packet[0] = 0x40 + random.below(5);
      return packet;
    default:
      packet[0] = 0x4f;
      return packet.subarray(0, random.between(20, 59));
  }
}

export interface SenderSettings {
  psk: Uint8Array;
  from: number;
  to: number;
  obfuscate: boolean;
}

/** Someone who knows a link's PSK and chooses every field freely. */
export class Sender {
  readonly link: Uint8Array;
  private readonly settings: SenderSettings;
  private readonly keys = new Map<bigint, Uint8Array>();

  constructor(settings: SenderSettings) {
    this.settings = settings;
    this.link = linkKey(settings.psk, settings.from, settings.to);
  }

  datagram(
    epoch: bigint,
    seq: bigint,
    plaintext: Uint8Array,
    flags = 0,
    keyId = this.settings.from,
  ): Uint8Array {
    let key = this.keys.get(epoch);
    if (key === undefined) {
      key = sessionKey(this.link, epoch);
      this.keys.set(epoch, key);
    }
    const plain = sealDatagram(key, { version: 1, flags, keyId, epoch, seq }, plaintext);
    return this.settings.obfuscate ? maskDatagram(this.link, plain) : plain;
  }

  /** XORs one byte of the header as someone on the path without keys can, masked or not. */
  static flip(datagram: Uint8Array, offset: number, mask: number): Uint8Array {
    const out = datagram.slice();
    out[offset]! ^= mask;
    return out;
  }
}

/** One random change: a flipped bit, a cut, an extension, a spliced or overwritten stretch. */
export function mutate(random: Prng, datagram: Uint8Array): Uint8Array {
  switch (random.below(5)) {
    case 0:
    case 1:
      if (datagram.length === 0) return random.bytes(1);
      // Half of the flips hit the header, where a change is most interesting.
      return Sender.flip(
        datagram,
        random.below(random.chance(0.5) ? Math.min(20, datagram.length) : datagram.length),
        1 << random.below(8),
      );
    case 2:
      return datagram.slice(0, random.below(datagram.length + 1));
    case 3: {
      const tail = random.bytes(random.between(1, 40));
      return new Uint8Array(Buffer.concat([datagram, tail]));
    }
    default: {
      const out = datagram.slice();
      const at = random.below(out.length + 1);
      out.subarray(at, at + random.between(1, 16)).forEach((_, i) => {
        out[at + i] = random.below(256);
      });
      return out;
    }
  }
}
