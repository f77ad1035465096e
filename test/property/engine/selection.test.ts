// Peer selection in obfuscated mode: the promises (a)–(e) of wire-protocol.md §10.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COUNTER_UDP_ENDPOINT_LEARNED as LEARNED,
  COUNTER_DROP_UDP_SCAN_BUDGET as SCANS,
  COUNTER_TUN_TX_PACKETS as TUN_TX,
  COUNTER_DROP_UDP_UNKNOWN_PEER as UNKNOWN,
} from "../../../src/engine/abi.ts";
import { ALICE, BOB, ELSEWHERE, Fixture, HERE, HUB, random } from "../../support/engine/corner-fixture.ts";
import { release } from "../../support/engine/engine-node.ts";
import { ipv4Packet, Sender } from "../../support/engine/packets.ts";
import type { Endpoint } from "../../support/engine/reference.ts";
import { EPOCH } from "../../support/engine/scenario.ts";

for (const variant of ["simd", "plain"] as const) {
  test(`selection: budget and scans (a)–(e) (${variant})`, () => {
    const f = new Fixture(variant, true);
    const junk = (count: number) =>
      Array.from({ length: count }, () => ({ bytes: random.bytes(60), source: ELSEWHERE }));
    const moves = (arrivals: { bytes: Uint8Array; source: Endpoint }[]): number[] => {
      const before = f.hub.counters();
      f.hub.drain(0, arrivals);
      const after = f.hub.counters();
      return [TUN_TX, LEARNED, UNKNOWN, SCANS].map((i) => Number(after[i]! - before[i]!));
    };
    const mine = (seq: bigint, source: Endpoint) => ({ bytes: f.data(seq), source });
    // (a) 20 from the known endpoint, then exactly 8 scans are left for junk.
    const steady = Array.from({ length: 20 }, (_, i) => mine(BigInt(200 + i), ALICE.home));
    assert.deepEqual(moves([...steady, ...junk(9)]), [20, 0, 8, 1]);
    // (b) the first from a new endpoint costs one scan, (c) the next none.
    const moved = { address: 0xcb007163, port: 77 };
    assert.deepEqual(moves([mine(300n, moved), ...junk(8)]), [1, 1, 7, 1]);
    assert.deepEqual(moves([mine(301n, moved), ...junk(9)]), [1, 0, 8, 1]);
    // (d) 8 + k junk, and a moved peer behind it waits.
    assert.deepEqual(moves([...junk(13), mine(302n, ALICE.home)]), [0, 0, 8, 6]);
    // (e) the next drain delivers.
    assert.deepEqual(moves([mine(303n, ALICE.home)]), [1, 1, 0, 0]);
    release(f.hub);
  });

  test(`selection: every peer that shares the endpoint is tried for nothing (${variant})`, () => {
    const f = new Fixture(variant, true);
    const bob = new Sender({ psk: BOB.psk, from: BOB.id, to: HUB, obfuscate: true });
    const fromBob = (seq: bigint) => bob.datagram(EPOCH, seq, ipv4Packet(random, BOB.inner, HERE, 60));
    f.send(fromBob(1n), ALICE.home);
    assert.deepEqual(f.endpointOf(1), ALICE.home);
    const before = f.hub.counters();
    const arrivals = [];
    for (let i = 0; i < 30; i++) {
      arrivals.push({ bytes: fromBob(BigInt(i + 2)), source: ALICE.home });
      arrivals.push({ bytes: f.data(BigInt(i + 200)), source: ALICE.home });
    }
    f.hub.drain(0, arrivals);
    const after = f.hub.counters();
    assert.equal(after[TUN_TX]! - before[TUN_TX]!, 60n);
    assert.equal(after[SCANS], before[SCANS]);
    release(f.hub);
  });
}
