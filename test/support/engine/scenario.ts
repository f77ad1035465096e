// A random mesh around one node, and a random stream of everything that can arrive there.

import { ACTION_DROP, ACTION_FORWARD } from "../../../src/engine/abi.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import type { Arrival } from "./engine-node.ts";
import { brokenPacket, ipv4Packet, mutate, Sender } from "./packets.ts";
import type { Endpoint, PeerSettings, Rule } from "./reference.ts";

/**
 * 2024-06-01 in ns: the node's own boot epoch, and about that of its peers. No multiple of 1,000, which would be taken
 * for a coarse clock and given random digits.
 */
export const EPOCH = 1717200000123456789n;
const MAX_U64 = 2n ** 64n - 1n;
const EDGES = [2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, MAX_U64];
const HISTORY = 200;

interface Remote {
  sender: Sender;
  settings: PeerSettings;
  epoch: bigint;
  seq: bigint;
  home: Endpoint;
}

/** Overlay addresses: ten hosts in each of eight /24s, so prefixes of every kind hit and miss. */
function innerAddress(random: Prng): number {
  return 0x0a000000 + random.below(8) * 256 + random.below(10);
}

export class Scenario {
  readonly localId: number;
  readonly peers: PeerSettings[] = [];
  readonly rules: Rule[] = [];
  readonly obfuscate: boolean;
  private readonly random: Prng;
  private readonly remotes: Remote[] = [];
  private readonly endpoints: Endpoint[] = [];
  /** Datagrams seen on the wire, for replays and mutations. */
  private readonly history: Uint8Array[] = [];

  constructor(random: Prng, obfuscate: boolean) {
    this.random = random;
    this.obfuscate = obfuscate;
    for (let i = 0; i < 6; i++)
      this.endpoints.push({ address: 0xc6336400 + random.below(4), port: random.between(1, 65535) });
    const ids = new Set<number>();
    while (ids.size < random.between(2, 8))
      ids.add(random.chance(0.5) ? random.between(1, 65535) : random.between(1, 20));
    const [localId, ...peerIds] = ids;
    this.localId = localId!;
    for (const id of peerIds) this.addPeer(id);
    this.silencePeer();
    const rules = random.between(3, 14);
    for (let i = 0; i < rules; i++) this.rules.push(this.rule());
  }

  private addPeer(id: number): void {
    const { random } = this;
    const psk = random.bytes(32);
    const settings: PeerSettings = {
      id,
      psk,
      endpoint: random.chance(0.2) ? { address: 0, port: 0 } : random.pick(this.endpoints),
      others: Array.from({ length: random.chance(0.3) ? random.between(1, 15) : 0 }, () => ({
        address: innerAddress(random),
        bits: random.pick([24, 31, 32]),
      })),
      allowed: innerAddress(random),
      allowedBits: random.pick([0, 8, 22, 24, 28, 31, 32]),
    };
    this.peers.push(settings);
    this.remotes.push({
      sender: new Sender({ psk, from: id, to: this.localId, obfuscate: this.obfuscate }),
      settings,
      epoch: EPOCH + BigInt(random.below(1000)),
      seq: 0n,
      home: random.pick(this.endpoints),
    });
  }

  /**
   * In half of the meshes of more than one peer, the last is never heard of and nobody knows where it is, yet packets
   * are routed to it.
   */
  private silencePeer(): void {
    const { random } = this;
    if (this.remotes.length < 2 || random.chance(0.5)) return;
    const { settings } = this.remotes.pop()!;
    settings.endpoint = { address: 0, port: 0 };
    this.rules.push({ dst: innerAddress(random), dstBits: 24, action: ACTION_FORWARD, target: settings.id });
  }

  /** About the largest packet that may be sealed, and up to more than a receive buffer holds. */
  private longLength(): number {
    return this.random.chance(0.7) ? this.random.between(1450, 1455) : this.random.between(1440, 2060);
  }

  rule(): Rule {
    const { random } = this;
    const targets = [0, ...this.peers.map((peer) => peer.id), random.between(1, 70000)];
    return {
      dst: innerAddress(random),
      dstBits: random.pick([0, 8, 21, 23, 24, 24, 28, 31, 32, 32]),
      action: random.chance(0.85) ? ACTION_FORWARD : ACTION_DROP,
      target: random.pick(targets),
    };
  }

  /** A packet the node's own hosts send. */
  localPacket(): Uint8Array {
    const { random } = this;
    if (random.chance(0.1)) return brokenPacket(random);
    const length = random.chance(0.1) ? this.longLength() : random.between(20, 200);
    return ipv4Packet(random, innerAddress(random), innerAddress(random), length);
  }

  arrival(): Arrival {
    const { random } = this;
    const remote = random.pick(this.remotes);
    const kind = random.below(100);
    if (kind < 50) return this.fromPeer(remote, this.genuine(remote));
    if (kind < 58)
      return this.fromPeer(
        remote,
        remote.sender.datagram(remote.epoch, this.next(remote), new Uint8Array(0), 1),
      );
    if (kind < 68)
      return this.fromAnywhere(this.history.length === 0 ? random.bytes(40) : random.pick(this.history));
    if (kind < 80) return this.fromAnywhere(mutate(random, this.captured(remote)));
    if (kind < 84) return this.fromAnywhere(Sender.flip(this.captured(remote), 1, 1));
    if (kind < 88) return this.fromAnywhere(this.crossWired(remote));
    if (kind < 94)
      return this.fromAnywhere(random.bytes(random.chance(0.9) ? random.below(80) : random.below(4000)));
    this.restart(remote);
    return this.fromPeer(remote, this.genuine(remote));
  }

  /** Hundreds of datagrams of one size from one peer: what fills the output tables in the middle of a batch. */
  burst(): Arrival[] {
    const { random } = this;
    const remote = random.pick(this.remotes);
    const length = random.between(20, 100);
    // Mostly to one destination that is relayed, if there is one, and to a peer that can be reached.
    const reachable = this.remotes
      .filter((other) => other !== remote && other.settings.endpoint.port !== 0)
      .map((other) => other.settings.id);
    const relayed = this.rules.filter(
      ({ action, target }) => action === ACTION_FORWARD && reachable.includes(target),
    );
    const towards = relayed.length > 0 ? random.pick(relayed).dst : innerAddress(random);
    return Array.from({ length: random.between(300, 1200) }, () => {
      const packet = ipv4Packet(
        random,
        remote.settings.allowed,
        random.chance(0.8) ? towards : innerAddress(random),
        length,
      );
      remote.seq = remote.seq === MAX_U64 ? MAX_U64 : remote.seq + 1n;
      return { bytes: remote.sender.datagram(remote.epoch, remote.seq, packet), source: remote.home };
    });
  }

  private fromPeer(remote: Remote, bytes: Uint8Array): Arrival {
    const { random } = this;
    if (random.chance(0.05)) remote.home = random.pick(this.endpoints);
    if (random.chance(0.7)) this.remember(bytes);
    return { bytes, source: remote.home };
  }

  private fromAnywhere(bytes: Uint8Array): Arrival {
    return { bytes, source: this.random.pick(this.endpoints) };
  }

  private remember(bytes: Uint8Array): void {
    if (this.history.length < HISTORY) this.history.push(bytes);
    else this.history[this.random.below(HISTORY)] = bytes;
  }

  /** A datagram on its way, seen or held back by someone on the path. */
  private captured(remote: Remote): Uint8Array {
    if (this.history.length !== 0 && this.random.chance(0.5)) return this.random.pick(this.history);
    return this.genuine(remote);
  }

  /** Sequence numbers as the network delivers them: mostly the next, also late, lost and absurdly high ones. */
  private next(remote: Remote): bigint {
    const { random } = this;
    if (random.chance(0.15)) {
      const late = remote.seq - BigInt(random.below(80));
      return late < 0n ? 0n : late;
    }
    let step = 1n;
    if (random.chance(0.1)) step += BigInt(random.pick([1, 30, 62, 63, 64, 65, 200]));
    let seq = remote.seq + step;
    if (random.chance(0.01)) {
      const edge = random.pick(EDGES) + BigInt(random.between(-2, 2));
      if (edge > remote.seq) seq = edge;
    }
    remote.seq = seq > MAX_U64 ? MAX_U64 : seq;
    return remote.seq;
  }

  private genuine(remote: Remote): Uint8Array {
    return remote.sender.datagram(remote.epoch, this.next(remote), this.innerPacket(remote));
  }

  private innerPacket(remote: Remote): Uint8Array {
    const { random } = this;
    if (random.chance(0.06)) return brokenPacket(random);
    const { allowed, allowedBits } = remote.settings;
    const inside =
      allowedBits === 0
        ? random.u32()
        : allowed - (allowed % 2 ** (32 - allowedBits)) + random.below(2 ** (32 - allowedBits));
    const source = random.chance(0.9) ? inside : innerAddress(random);
    const length = random.chance(0.08) ? this.longLength() : random.between(20, 160);
    return ipv4Packet(random, source, innerAddress(random), length);
  }

  /** Right key under another's name, another's key under the right name, or an unknown name. */
  private crossWired(remote: Remote): Uint8Array {
    const { random } = this;
    const name = random.chance(0.5) ? random.pick(this.remotes).settings.id : random.between(1, 65535);
    return remote.sender.datagram(remote.epoch, this.next(remote), this.innerPacket(remote), 0, name);
  }

  /** The peer starts again: mostly with a later clock, sometimes an earlier one, or one far in the future. */
  private restart(remote: Remote): void {
    const { random } = this;
    const step = random.pick([1n, 5n, 1000n, 1n << 40n, -1n, -500n]);
    const epoch = random.chance(0.01) ? MAX_U64 - BigInt(random.below(3)) : remote.epoch + step;
    remote.epoch = epoch > MAX_U64 ? MAX_U64 : epoch;
    remote.seq = 0n;
  }
}
