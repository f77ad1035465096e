// A machine that is rolled back: its snapshot is restored, it goes on where it was, and its wall clock is set right.
//
//     one history ──┬── first life, until it is switched off
//                   └── restored: the same memory, a wall clock that jumps ahead
//
// A seed gives the same world to the byte, so the same history twice stands for the snapshot.

import assert from "node:assert/strict";
import { World } from "../../src/platform/sim/world.ts";
import { decodeHeader } from "../support/engine/reference-crypto.ts";
import { seededTest } from "../support/seed.ts";
import { buildStar, type Star } from "../support/sim/star.ts";

const NS_PER_S = 1_000_000_000n;
const SNAPSHOT_MS = 5_000;
const LIFE_MS = 10_000;

/** A hub and a spoke that talk in both directions. */
class Life {
  readonly world: World;
  readonly star: Star;
  /** Sender, epoch and sequence number of everything sent since the snapshot. */
  readonly nonces = new Set<string>();
  private numbers = 0;

  constructor(seed: number) {
    this.world = new World(seed);
    this.star = buildStar(this.world, { spokes: 1, obfuscate: false, keepaliveSecs: 1 });
    this.talk(SNAPSHOT_MS);
    this.world.network.wiretaps.push((bytes, host) => {
      const { epoch, seq } = decodeHeader(bytes);
      const nonce = `${host.name} ${epoch} ${seq}`;
      assert.ok(!this.nonces.has(nonce), `${nonce} was used twice in one life`);
      this.nonces.add(nonce);
    });
  }

  /** Both ends send a packet every 100 ms. @returns how many packets arrived. */
  talk(ms: number): number {
    const { hub, spokes } = this.star;
    const [spoke] = spokes;
    let arrived = 0;
    for (let at = 0; at < ms; at += 100) {
      const number = ++this.numbers;
      hub.send(spoke!.inner, number);
      spoke!.send(hub.inner, number);
      this.world.run(100);
      if (spoke!.received(number)) arrived++;
      if (hub.received(number)) arrived++;
    }
    return arrived;
  }
}

seededTest("a restored machine whose wall clock is set right repeats no nonce", (_, seed) => {
  for (const who of ["hub", "spoke"] as const) {
    const restoredOf = (life: Life) => (who === "hub" ? life.star.hub : life.star.spokes[0]!);
    const first = new Life(seed);
    first.talk(LIFE_MS);
    const mine = (life: Life): string[] => {
      const { name } = restoredOf(life).machine;
      return [...life.nonces].filter((nonce) => nonce.startsWith(`${name} `));
    };
    assert.ok(mine(first).length > 50);

    // Without the jump the two lives are one: what would be repeated.
    const again = new Life(seed);
    again.talk(LIFE_MS);
    assert.deepEqual(mine(again), mine(first));

    const restored = new Life(seed);
    restoredOf(restored).machine.clockError += BigInt(LIFE_MS / 1000) * NS_PER_S;
    const arrived = restored.talk(LIFE_MS);
    const repeated = mine(restored).filter((nonce) => first.nonces.has(nonce));
    assert.deepEqual(repeated, [], `the ${who} used nonces of its other life`);
    // Its peers take the new epoch with the first datagram. Packets to the hub itself have no rule; all others arrive.
    assert.equal(arrived, LIFE_MS / 100);
    const epochs = new Set(mine(restored).map((nonce) => nonce.split(" ")[1]));
    assert.equal(epochs.size, 1, "one new epoch is enough");
  }
});
