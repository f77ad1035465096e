// `unclaimed` of the status: datagrams from a peer's endpoint that no key opens give a wrong key a name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTER_DROP_UDP_SCAN_BUDGET } from "../../../src/engine/abi.ts";
import { ALICE, BOB, ELSEWHERE, EMPTY, Fixture, HUB } from "../../support/engine/corner-fixture.ts";
import { release } from "../../support/engine/engine-node.ts";
import { Sender } from "../../support/engine/packets.ts";
import { EPOCH } from "../../support/engine/scenario.ts";

for (const variant of ["simd", "plain"] as const) {
  for (const obfuscate of [false, true]) {
    test(`a wrong key shows at the peer it comes from (${variant}, obfuscation ${obfuscate})`, () => {
      const f = new Fixture(variant, obfuscate);
      const unclaimed = (): bigint[] => [0, 1].map((index) => f.hub.peer(index).unclaimed);
      const wrong = new Sender({ psk: new Uint8Array(32).fill(99), from: ALICE.id, to: HUB, obfuscate });
      let seq = 200n;
      const next = (): Uint8Array => wrong.datagram(EPOCH, ++seq, EMPTY, 1);
      f.send(next());
      assert.deepEqual(unclaimed(), [1n, 0n]);
      f.send(next(), ELSEWHERE);
      assert.deepEqual(unclaimed(), [1n, 0n], "from where nobody lives it is nobody's");
      f.send(next(), BOB.home);
      // The header names Alice, in clear; masked it names nobody, so the address decides.
      assert.deepEqual(unclaimed(), obfuscate ? [1n, 1n] : [1n, 0n]);

      // What a key opens is claimed, whatever becomes of it.
      const before = unclaimed();
      const genuine = f.data(300n);
      f.send(genuine.slice());
      f.send(genuine.slice());
      f.send(f.data(1n, EPOCH - 1n));
      f.send(genuine.slice(0, 30));
      assert.deepEqual(unclaimed(), before, "a replay, an old epoch or a stump is no wrong key");
      release(f.hub);
    });
  }

  test(`a datagram for which no scan is left counts too (${variant})`, () => {
    const f = new Fixture(variant, true);
    const wrong = new Sender({ psk: new Uint8Array(32).fill(99), from: ALICE.id, to: HUB, obfuscate: true });
    const arrivals = Array.from({ length: 20 }, (_, i) => ({
      bytes: wrong.datagram(EPOCH, BigInt(i + 200), EMPTY, 1),
      source: ALICE.home,
    }));
    f.hub.drain(0, arrivals);
    assert.equal(f.hub.counters()[COUNTER_DROP_UDP_SCAN_BUDGET], 12n);
    assert.equal(f.hub.peer(0).unclaimed, 20n);
    release(f.hub);
  });
}
