// A hub that knows Alice and Bob: the stage of the corner cases and of peer selection.

import * as abi from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import { Prng } from "../../../src/platform/sim/prng.ts";
import { EngineNode } from "./engine-node.ts";
import { ipv4Packet, Sender } from "./packets.ts";
import type { Endpoint } from "./reference.ts";
import { EPOCH } from "./scenario.ts";

export const HUB = 1;
export const ALICE = {
  id: 2,
  psk: new Uint8Array(32).fill(2),
  inner: 0x0a000002,
  home: { address: 0xc6336402, port: 1002 },
};
export const BOB = {
  id: 3,
  psk: new Uint8Array(32).fill(3),
  inner: 0x0a000003,
  home: { address: 0xc6336403, port: 1003 },
};
export const HERE = 0x0a000001;
export const ELSEWHERE: Endpoint = { address: 0xcb007109, port: 4242 };
export const EMPTY = new Uint8Array(0);
export const random = new Prng(12);

/** A hub with peers Alice and Bob, their addresses routed to them and its own to its TUN. */
export class Fixture {
  readonly hub: EngineNode;
  readonly alice: Sender;
  readonly obfuscate: boolean;
  private readonly before: bigint[];

  constructor(variant: EngineVariant, obfuscate: boolean) {
    this.obfuscate = obfuscate;
    this.hub = new EngineNode({ variant, localId: HUB, obfuscate, epoch: EPOCH });
    for (const { id, psk, inner, home } of [ALICE, BOB]) {
      this.hub.addPeer({ id, psk, endpoint: home, allowed: inner, allowedBits: 32 });
      this.hub.addRule({ dst: inner, dstBits: 32, action: abi.ACTION_FORWARD, target: id });
    }
    this.hub.addRule({ dst: HERE, dstBits: 32, action: abi.ACTION_FORWARD, target: 0 });
    this.alice = new Sender({ psk: ALICE.psk, from: ALICE.id, to: HUB, obfuscate });
    // Alice is known: an epoch is adopted and number 100 seen.
    this.send(this.alice.datagram(EPOCH, 100n, EMPTY, 1));
    this.before = this.hub.counters();
  }

  send(bytes: Uint8Array, source: Endpoint = ALICE.home): void {
    this.hub.drain(0, [{ bytes, source }]);
  }

  data(seq = 101n, epoch = EPOCH): Uint8Array {
    return this.alice.datagram(epoch, seq, ipv4Packet(random, ALICE.inner, HERE, 60));
  }

  /** Counters from TUN_TX_PACKETS on (so without udp_rx and bytes) that moved since the fixture was ready. */
  moved(): number[] {
    const now = this.hub.counters();
    const outcomes = [
      abi.COUNTER_TUN_TX_PACKETS,
      abi.COUNTER_RELAY_PACKETS,
      abi.COUNTER_UDP_ENDPOINT_LEARNED,
      abi.COUNTER_KEEPALIVE_RX,
    ];
    for (let i = abi.COUNTER_DROP_UDP_UNKNOWN_PEER; i < abi.COUNTER_COUNT; i++) outcomes.push(i);
    return outcomes.filter((i) => now[i] !== this.before[i]).sort((a, b) => a - b);
  }

  endpointOf(index: number): Endpoint {
    return this.hub.peer(index).endpoint;
  }
}
