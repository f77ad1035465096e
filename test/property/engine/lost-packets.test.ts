// lost_packets (control-protocol.md §12) against a model that keeps every number: a stream that is lost in part, reordered,
// duplicated and begun again in new epochs.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineVariant } from "../../../src/engine/load.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { Sender } from "../../support/engine/packets.ts";
import { Heard } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const EMPTY = new Uint8Array(0);
const SOURCE = { address: 0xc0000201, port: 18020 };
const PSK = new Uint8Array(32).fill(7);

function receiver(variant: EngineVariant, obfuscate = false): EngineNode {
  const node = new EngineNode({ variant, localId: 1, obfuscate, epoch: EPOCH });
  node.addPeer({ id: 2, psk: PSK, endpoint: SOURCE, allowed: 0, allowedBits: 0 });
  return node;
}

for (const variant of ["simd", "plain"] as const) {
  const sender = new Sender({ psk: PSK, from: 2, to: 1, obfuscate: false });

  test(`what the window has left behind unseen is lost, each number once (${variant})`, () => {
    const node = receiver(variant);
    const send = (...seqs: bigint[]): void =>
      node.drain(
        0,
        seqs.map((seq) => ({ bytes: sender.datagram(EPOCH, seq, EMPTY, 1), source: SOURCE })),
      );
    const lost = (): bigint => node.traffic(0).lost;
    send(1000n);
    assert.equal(lost(), 0n, "what was sent before the first is not known to be lost");
    send(1002n);
    assert.equal(lost(), 0n, "1001 may still come");
    for (let seq = 1003n; seq <= 1064n; seq++) send(seq);
    assert.equal(lost(), 0n, "1001 is 63 behind");
    send(1065n);
    assert.equal(lost(), 1n, "1001 has left the window");
    send(1001n);
    assert.equal(lost(), 1n, "and is refused");
    send(1067n, 1066n);
    for (let seq = 1068n; seq <= 1200n; seq++) send(seq);
    assert.equal(lost(), 1n, "what is late is not lost");
    send(1_001_200n);
    assert.equal(lost(), 1n + 999_936n, "of a jump by a million all but the 64 numbers that may still come");
    node.drain(0, [{ bytes: sender.datagram(EPOCH + 1n, 5n, EMPTY, 1), source: SOURCE }]);
    assert.equal(lost(), 1n + 999_936n, "a new epoch starts afresh");
    assert.deepEqual(node.traffic(0).drops, 1n);
    release(node);
  });

  seededTest(`lost packets of a stream with loss, reordering and duplicates (${variant})`, (random) => {
    for (let world = 0; world < 20; world++) {
      const node = receiver(variant);
      let lost = 0n;
      for (let life = 0; life < 3; life++) {
        const epoch = EPOCH + BigInt(world * 10 + life);
        const loss = random.pick([0, 0.01, 0.2, 0.9]);
        const reach = random.pick([1, 5, 40, 130]);
        const start = random.between(1, 500);
        const arriving: { at: number; seq: number }[] = [];
        for (let seq = start; seq < start + 600; seq++) {
          const copies = random.chance(loss) ? 0 : random.chance(0.05) ? 2 : 1;
          for (let i = 0; i < copies; i++) arriving.push({ at: seq + random.below(reach), seq });
        }
        arriving.sort((a, b) => a.at - b.at);
        const heard = new Heard();
        let before = node.traffic(0);
        for (const { seq } of arriving) {
          node.drain(0, [{ bytes: sender.datagram(epoch, BigInt(seq), EMPTY, 1), source: SOURCE }]);
          const after = node.traffic(0);
          if (after.rxPackets > before.rxPackets) heard.add(BigInt(seq));
          else assert.equal(after.drops, before.drops + 1n, "what is not accepted is dropped");
          assert.equal(after.lost, lost + heard.lost(), `epoch ${life}, after ${seq}`);
          before = after;
        }
        lost += heard.lost();
      }
      release(node);
    }
  });
}
