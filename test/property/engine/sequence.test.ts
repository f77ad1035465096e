// Sequence numbers never wrap: at their end the node refuses to send (wire-protocol.md §4).

import assert from "node:assert/strict";
import {
  ACTION_FORWARD,
  COUNTER_DROP_TUN_SEND_ERR,
  COUNTER_DROP_UDP_SEND_ERR,
  COUNTER_KEEPALIVE_TX,
  COUNTER_RELAY_PACKETS,
  COUNTER_UDP_TX_PACKETS,
} from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import { assertAccounts } from "../../support/engine/accounting.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { ipv4Packet, Sender } from "../../support/engine/packets.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const MAX_U64 = 2n ** 64n - 1n;
const NS_PER_S = 1_000_000_000n;
const ALICE = { id: 2, psk: new Uint8Array(32).fill(2), endpoint: { address: 0xc0000202, port: 2 } };
const BOB = { id: 3, psk: new Uint8Array(32).fill(3), endpoint: { address: 0xc0000203, port: 3 } };
const BOB_INNER = 0x0a000003;

class Fixture {
  readonly node: EngineNode;
  private readonly alice = new Sender({ psk: ALICE.psk, from: ALICE.id, to: 1, obfuscate: false });
  private readonly random: Prng;
  private aliceSeq = 0n;
  private now = 0n;

  constructor(random: Prng, variant: EngineVariant) {
    this.random = random;
    this.node = new EngineNode({ variant, localId: 1, obfuscate: false, epoch: EPOCH });
    for (const peer of [ALICE, BOB]) this.node.addPeer({ ...peer, allowed: 0, allowedBits: 0 });
    this.node.addRule({ dst: BOB_INNER, dstBits: 32, action: ACTION_FORWARD, target: BOB.id });
    this.node.engine.call.setKeepalive(1, 1);
  }

  /** One packet to Bob: local, relayed, or a keepalive. */
  readonly ways = [
    (): void => this.node.tun([{ bytes: this.packet() }]),
    (): void => {
      this.aliceSeq += 1n;
      const bytes = this.alice.datagram(EPOCH, this.aliceSeq, this.packet());
      this.node.drain(0, [{ bytes, source: ALICE.endpoint }]);
    },
    (): void => {
      this.now += NS_PER_S;
      this.node.setClock(EPOCH + this.now, this.now);
      this.node.tick();
    },
  ];

  private packet(): Uint8Array {
    return ipv4Packet(this.random, this.random.u32(), BOB_INNER, 40);
  }
}

for (const variant of ["simd", "plain"] as const) {
  seededTest(`sequence numbers end and do not wrap (${variant})`, (random) => {
    for (let round = 0; round < 500; round++) {
      const f = new Fixture(random, variant);
      const left = random.below(10);
      f.node.setSequence(1, MAX_U64 - BigInt(left));
      const tried = [0, 0, 0];
      for (let i = 0; i < 20; i++) {
        const way = random.below(3);
        f.ways[way]!();
        tried[way]!++;
      }
      const seqs = f.node.emitted.map(({ bytes }) => Buffer.from(bytes).readBigUInt64LE(12));
      const expected = Array.from({ length: left }, (_, i) => MAX_U64 - BigInt(left - 1 - i));
      assert.deepEqual(seqs, expected);
      assert.equal(f.node.peer(1).sequence, MAX_U64);
      const counters = f.node.counters();
      assertAccounts(counters);
      const local = counters[COUNTER_UDP_TX_PACKETS]! + counters[COUNTER_DROP_TUN_SEND_ERR]!;
      const relayed = counters[COUNTER_RELAY_PACKETS]! + counters[COUNTER_DROP_UDP_SEND_ERR]!;
      assert.equal(local, BigInt(tried[0]!));
      assert.equal(relayed, BigInt(tried[1]!));
      const sent = counters[COUNTER_UDP_TX_PACKETS]! + counters[COUNTER_RELAY_PACKETS]!;
      assert.equal(sent + counters[COUNTER_KEEPALIVE_TX]!, BigInt(left));
      release(f.node);
    }
  });
}
