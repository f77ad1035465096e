// The replay window (wire-protocol.md §14) in the engine against a plain set of big integers, at every edge where
// a number might be cut or wrap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTER_DROP_UDP_AUTH_OR_INVALID, COUNTER_KEEPALIVE_RX } from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import { EngineNode, release } from "../../support/engine/engine-node.ts";
import { Sender } from "../../support/engine/packets.ts";
import { acceptSequence, Heard } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import { seededTest } from "../../support/seed.ts";

const MAX_U64 = 2n ** 64n - 1n;
const EDGES = [0n, 64n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, MAX_U64];
const EMPTY = new Uint8Array(0);
const SOURCE = { address: 0xc0000201, port: 18020 };

class Receiver {
  private readonly node: EngineNode;
  private readonly sender: Sender;

  constructor(variant: EngineVariant, replayWindow = 64) {
    const psk = new Uint8Array(32).fill(7);
    this.node = new EngineNode({ variant, localId: 1, obfuscate: false, epoch: EPOCH, replayWindow });
    this.node.addPeer({ id: 2, psk, endpoint: SOURCE, allowed: 0, allowedBits: 0 });
    this.sender = new Sender({ psk, from: 2, to: 1, obfuscate: false });
  }

  /** Sends keepalives with these numbers in one drain. @returns which were accepted. */
  offer(epoch: bigint, seqs: readonly bigint[]): boolean[] {
    return seqs.map((seq) => {
      const before = this.node.counters();
      this.node.drain(0, [{ bytes: this.sender.datagram(epoch, seq, EMPTY, 1), source: SOURCE }]);
      const after = this.node.counters();
      const accepted = after[COUNTER_KEEPALIVE_RX]! - before[COUNTER_KEEPALIVE_RX]!;
      const dropped = after[COUNTER_DROP_UDP_AUTH_OR_INVALID]! - before[COUNTER_DROP_UDP_AUTH_OR_INVALID]!;
      assert.equal(accepted + dropped, 1n);
      return accepted === 1n;
    });
  }

  get lost(): bigint {
    return this.node.traffic(0).lost;
  }

  close(): void {
    release(this.node);
  }
}

/** Steps of §14's list of edges: sequence number, and whether it must be accepted. */
const TABLE: { name: string; steps: [bigint, boolean][] }[] = [
  {
    name: "highest 64, then 1 (d = 63) once",
    steps: [
      [64n, true],
      [1n, true],
      [1n, false],
    ],
  },
  {
    name: "highest 64, then 0 (d = 64)",
    steps: [
      [64n, true],
      [0n, false],
    ],
  },
  {
    name: "1, jump to 64: 1 is known, 30 is not",
    steps: [
      [1n, true],
      [64n, true],
      [1n, false],
      [30n, true],
      [30n, false],
    ],
  },
  {
    name: "1, jump to 65: 1 is too old",
    steps: [
      [1n, true],
      [65n, true],
      [1n, false],
      [2n, true],
    ],
  },
  {
    name: "jump of 100",
    steps: [
      [5n, true],
      [105n, true],
      [5n, false],
      [41n, false],
      [42n, true],
      [42n, false],
    ],
  },
  {
    name: "0 in a fresh window, once",
    steps: [
      [0n, true],
      [0n, false],
      [1n, true],
      [0n, false],
    ],
  },
  {
    name: "the first number is also 63 back",
    steps: [
      [63n, true],
      [0n, true],
      [0n, false],
    ],
  },
  {
    name: "across 2^32",
    steps: [
      [2n ** 32n - 1n, true],
      [2n ** 32n, true],
      [2n ** 32n - 1n, false],
      [1n, false],
    ],
  },
  {
    name: "a jump of exactly 2^32",
    steps: [
      [1n, true],
      [1n + 2n ** 32n, true],
      [1n, false],
      [2n, false],
    ],
  },
  {
    name: "a jump of 2^32 + 1",
    steps: [
      [10n, true],
      [11n + 2n ** 32n, true],
      [10n, false],
      [10n + 2n ** 32n, true],
    ],
  },
  {
    name: "across 2^63",
    steps: [
      [2n ** 63n - 1n, true],
      [2n ** 63n, true],
      [2n ** 63n - 1n, false],
      [2n ** 63n - 2n, true],
    ],
  },
  {
    name: "from 1 to the last number",
    steps: [
      [1n, true],
      [MAX_U64, true],
      [1n, false],
      [MAX_U64, false],
      [0n, false],
    ],
  },
  {
    name: "just behind the last number",
    steps: [
      [MAX_U64, true],
      [MAX_U64 - 63n, true],
      [MAX_U64 - 64n, false],
    ],
  },
];

for (const variant of ["simd", "plain"] as const) {
  for (const { name, steps } of TABLE) {
    test(`replay window: ${name} (${variant})`, () => {
      const receiver = new Receiver(variant);
      const seqs = steps.map(([seq]) => seq);
      assert.deepEqual(
        receiver.offer(EPOCH, seqs),
        steps.map(([, accept]) => accept),
      );
      receiver.close();
    });
  }
}

function around(random: Prng, center: bigint): bigint {
  const reach = random.pick([3, 70, 70, 200]);
  const seq = center + BigInt(random.between(-reach, reach));
  return seq < 0n ? 0n : seq > MAX_U64 ? MAX_U64 : seq;
}

for (const variant of ["simd", "plain"] as const) {
  seededTest(`the replay window is a set of the last 64 numbers (${variant})`, (random) => {
    const receiver = new Receiver(variant);
    let epoch = EPOCH;
    let lost = 0n;
    for (let round = 0; round < 150; round++) {
      epoch += 1n;
      const model = { highest: 0n, accepted: new Set<bigint>() };
      const edges = EDGES.filter(() => random.chance(0.5)).concat(random.pick(EDGES));
      const seqs = edges.flatMap((edge) => Array.from({ length: 35 }, () => around(random, edge)));
      const expected = seqs.map((seq) => acceptSequence(model, seq));
      assert.deepEqual(receiver.offer(epoch, seqs), expected, `epoch ${epoch}: ${seqs.join(" ")}`);
      const heard = new Heard();
      seqs.forEach((seq, i) => {
        if (expected[i]) heard.add(seq);
      });
      lost = BigInt.asUintN(64, lost + heard.lost());
      assert.equal(receiver.lost, lost, `lost in epoch ${epoch}: ${seqs.join(" ")}`);
    }
    receiver.close();
  });
}

/** Steps back and forth that meet the window's edges, small gaps and jumps over all of it. */
function randomStep(random: Prng, highest: bigint, window: number): bigint {
  const back = (n: number) => (highest > BigInt(n) ? highest - BigInt(n) : 0n);
  const choice = random.below(10);
  if (choice < 4) return highest + BigInt(random.between(1, 3));
  if (choice < 5) return highest + BigInt(random.between(1, window + 70));
  if (choice < 6) return back(random.between(window - 2, window + 2));
  return back(random.below(window));
}

for (const window of [64, 128, 256, 512, 1024, 2048, 4096, 8192]) {
  seededTest(`a replay window of ${window} accepts what a set does`, (random) => {
    const receiver = new Receiver("simd", window);
    let lost = 0n;
    for (const start of [0n, 2n ** 32n - 9n, 2n ** 63n - 9n, MAX_U64 - 40000n * BigInt(window)]) {
      for (const epoch of [0n, 1n]) {
        const state = { highest: 0n, accepted: new Set<bigint>() };
        const seqs: bigint[] = [];
        const expected: boolean[] = [];
        let highest = start;
        for (let i = 0; i < 400; i++) {
          const seq = i === 0 ? start + 1n : randomStep(random, highest, window);
          seqs.push(seq);
          expected.push(acceptSequence(state, seq, BigInt(window)));
          highest = state.highest;
        }
        assert.ok(expected.includes(false));
        assert.deepEqual(receiver.offer(nextEpoch(epoch), seqs), expected);
        const heard = new Heard();
        seqs.forEach((seq, i) => {
          if (expected[i]) heard.add(seq);
        });
        lost = BigInt.asUintN(64, lost + heard.lost(BigInt(window)));
        assert.equal(receiver.lost, lost, `lost: ${seqs.join(" ")}`);
      }
    }
    receiver.close();
  });
}

let epochs = 0n;
/** A new epoch each time: the window is empty again. */
function nextEpoch(by: bigint): bigint {
  epochs += 1n + by;
  return EPOCH + epochs;
}
