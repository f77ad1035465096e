// The table of wire-protocol.md §12, one test per row and mode, and the selection promises (a)–(e) of §10.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACTION_FORWARD,
  COUNTER_DROP_UDP_AUTH_OR_INVALID as AUTH,
  COUNTER_COUNT,
  COUNTER_UDP_ENDPOINT_LEARNED as LEARNED,
  COUNTER_DROP_UDP_NO_REFLECT as NO_REFLECT,
  COUNTER_DROP_UDP_NOT_IPV4 as NOT_IPV4,
  COUNTER_RELAY_PACKETS as RELAY,
  COUNTER_KEEPALIVE_RX as RX_KEEPALIVE,
  COUNTER_DROP_UDP_SCAN_BUDGET as SCANS,
  COUNTER_DROP_UDP_SPOOF as SPOOF,
  COUNTER_TUN_TX_PACKETS as TUN_TX,
  COUNTER_DROP_UDP_UNKNOWN_PEER as UNKNOWN,
} from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import { Prng } from "../../../src/platform/sim/prng.ts";
import { EngineNode, release } from "./engine-node.ts";
import { ipv4Packet, Sender } from "./packets.ts";
import type { Endpoint } from "./reference.ts";
import { maskDatagram, sealDatagram, sessionKey } from "./reference-crypto.ts";
import { EPOCH } from "./scenario.ts";

const HUB = 1;
const ALICE = {
  id: 2,
  psk: new Uint8Array(32).fill(2),
  inner: 0x0a000002,
  home: { address: 0xc6336402, port: 1002 },
};
const BOB = {
  id: 3,
  psk: new Uint8Array(32).fill(3),
  inner: 0x0a000003,
  home: { address: 0xc6336403, port: 1003 },
};
const HERE = 0x0a000001;
const ELSEWHERE: Endpoint = { address: 0xcb007109, port: 4242 };
const EMPTY = new Uint8Array(0);
const random = new Prng(12);

/** A hub with peers Alice and Bob, their addresses routed to them and its own to its TUN. */
class Fixture {
  readonly hub: EngineNode;
  readonly alice: Sender;
  readonly obfuscate: boolean;
  private readonly before: bigint[];

  constructor(variant: EngineVariant, obfuscate: boolean) {
    this.obfuscate = obfuscate;
    this.hub = new EngineNode({ variant, localId: HUB, obfuscate, epoch: EPOCH });
    for (const { id, psk, inner, home } of [ALICE, BOB]) {
      this.hub.addPeer({ id, psk, endpoint: home, allowed: inner, allowedBits: 32 });
      this.hub.addRule({ dst: inner, dstBits: 32, action: ACTION_FORWARD, target: id });
    }
    this.hub.addRule({ dst: HERE, dstBits: 32, action: ACTION_FORWARD, target: 0 });
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
    const outcomes = [TUN_TX, RELAY, LEARNED, RX_KEEPALIVE];
    for (let i = UNKNOWN; i < COUNTER_COUNT; i++) outcomes.push(i);
    return outcomes.filter((i) => now[i] !== this.before[i]).sort((a, b) => a - b);
  }

  endpointOf(index: number): Endpoint {
    return this.hub.peer(index).endpoint;
  }
}

interface Row {
  name: string;
  /** Sends something from ELSEWHERE. */
  act: (f: Fixture) => void;
  /** Counters that must move: plain, obfuscated. */
  plain: number[];
  obfuscated: number[];
  /** True when Alice's endpoint must move to ELSEWHERE. */
  learned?: boolean;
}

function fromElsewhere(make: (f: Fixture) => Uint8Array): (f: Fixture) => void {
  return (f) => f.send(make(f), ELSEWHERE);
}

function altered(offset: number, mask: number): (f: Fixture) => void {
  return fromElsewhere((f) => {
    const datagram = f.data();
    return Sender.flip(datagram, offset < 0 ? datagram.length + offset : offset, mask);
  });
}

/** Alice's datagram under a wrong name, masked as Alice masks. */
function named(keyId: number): (f: Fixture) => void {
  return fromElsewhere((f) =>
    f.alice.datagram(EPOCH, 101n, ipv4Packet(random, ALICE.inner, HERE, 60), 0, keyId),
  );
}

const ROWS: Row[] = [
  { name: "0 bytes", act: fromElsewhere(() => EMPTY), plain: [AUTH], obfuscated: [AUTH] },
  { name: "19 bytes", act: fromElsewhere((f) => f.data().slice(0, 19)), plain: [AUTH], obfuscated: [AUTH] },
  {
    name: "35 bytes with a known key_id",
    act: fromElsewhere((f) => f.data().slice(0, 35)),
    plain: [AUTH],
    obfuscated: [AUTH],
  },
  {
    name: "20 bytes with a known key_id",
    act: fromElsewhere((f) => f.data().slice(0, 20)),
    plain: [AUTH],
    obfuscated: [AUTH],
  },
  {
    name: "correct key_id, sealed with another key",
    act: fromElsewhere((f) => {
      const bobs = new Sender({ psk: BOB.psk, from: ALICE.id, to: HUB, obfuscate: false });
      const forged = sealDatagram(sessionKey(bobs.link, EPOCH), header(101n, 1), EMPTY);
      // Masked as Alice masks, so that the claim succeeds and only the tag can tell.
      return f.obfuscate ? maskDatagram(f.alice.link, forged) : forged;
    }),
    plain: [AUTH],
    obfuscated: [AUTH],
  },
  { name: "key_id rewritten to another peer", act: named(BOB.id), plain: [AUTH], obfuscated: [UNKNOWN] },
  { name: "key_id not configured", act: named(99), plain: [UNKNOWN], obfuscated: [UNKNOWN] },
  { name: "epoch altered", act: altered(5, 1), plain: [AUTH], obfuscated: [AUTH] },
  { name: "seq altered", act: altered(12, 1), plain: [AUTH], obfuscated: [AUTH] },
  { name: "version altered", act: altered(0, 2), plain: [AUTH], obfuscated: [UNKNOWN] },
  { name: "ciphertext altered", act: altered(30, 1), plain: [AUTH], obfuscated: [AUTH] },
  { name: "tag altered", act: altered(-1, 1), plain: [AUTH], obfuscated: [UNKNOWN] },
  { name: "reserved flag bit", act: altered(1, 2), plain: [AUTH], obfuscated: [AUTH] },
  { name: "highest reserved flag bit", act: altered(1, 0x80), plain: [AUTH], obfuscated: [AUTH] },
  { name: "epoch raised by a forger", act: altered(11, 0x80), plain: [AUTH], obfuscated: [AUTH] },
  {
    name: "KEEPALIVE bit set in transit on data",
    act: altered(1, 1),
    plain: [LEARNED, RX_KEEPALIVE],
    obfuscated: [LEARNED, RX_KEEPALIVE],
    learned: true,
  },
  {
    name: "KEEPALIVE bit cleared in transit",
    act: fromElsewhere((f) => Sender.flip(f.alice.datagram(EPOCH, 101n, EMPTY, 1), 1, 1)),
    plain: [NOT_IPV4],
    obfuscated: [NOT_IPV4],
  },
  {
    name: "KEEPALIVE with a body",
    act: fromElsewhere((f) => f.alice.datagram(EPOCH, 101n, random.bytes(50), 1)),
    plain: [LEARNED, RX_KEEPALIVE],
    obfuscated: [LEARNED, RX_KEEPALIVE],
    learned: true,
  },
  {
    name: "data with empty plaintext",
    act: fromElsewhere((f) => f.alice.datagram(EPOCH, 101n, EMPTY)),
    plain: [NOT_IPV4],
    obfuscated: [NOT_IPV4],
  },
  {
    name: "copy of a keepalive",
    act: fromElsewhere((f) => f.alice.datagram(EPOCH, 100n, EMPTY, 1)),
    plain: [AUTH],
    obfuscated: [AUTH],
  },
  {
    name: "copy of a data datagram",
    act: (f) => {
      const datagram = f.data();
      f.send(datagram);
      f.send(datagram, ELSEWHERE);
    },
    plain: [TUN_TX, AUTH],
    obfuscated: [TUN_TX, AUTH],
  },
  {
    name: "inner version nibble 6, source bytes fitting",
    act: fromElsewhere((f) => {
      const packet = ipv4Packet(random, ALICE.inner, HERE, 60);
      packet[0] = 0x65;
      return f.alice.datagram(EPOCH, 101n, packet);
    }),
    plain: [NOT_IPV4],
    obfuscated: [NOT_IPV4],
  },
  {
    name: "inner source outside allowed_src",
    act: fromElsewhere((f) => f.alice.datagram(EPOCH, 101n, ipv4Packet(random, BOB.inner, HERE, 60))),
    plain: [SPOOF],
    obfuscated: [SPOOF],
  },
  {
    name: "peer restarted, seq 1 again",
    act: fromElsewhere((f) => f.data(1n, EPOCH + 1n)),
    plain: [TUN_TX, LEARNED],
    obfuscated: [TUN_TX, LEARNED],
    learned: true,
  },
  {
    name: "late datagram of the previous epoch",
    act: fromElsewhere((f) => f.data(101n, EPOCH - 1n)),
    plain: [AUTH],
    obfuscated: [AUTH],
  },
  {
    name: "inner destination routed back to the sender",
    act: fromElsewhere((f) =>
      f.alice.datagram(EPOCH, 101n, ipv4Packet(random, ALICE.inner, ALICE.inner, 60)),
    ),
    plain: [LEARNED, NO_REFLECT],
    obfuscated: [LEARNED, NO_REFLECT],
    learned: true,
  },
  {
    name: "relay",
    act: fromElsewhere((f) => f.alice.datagram(EPOCH, 101n, ipv4Packet(random, ALICE.inner, BOB.inner, 60))),
    plain: [RELAY, LEARNED],
    obfuscated: [RELAY, LEARNED],
    learned: true,
  },
];

function header(seq: bigint, flags: number) {
  return { version: 1, flags, keyId: ALICE.id, epoch: EPOCH, seq };
}

for (const variant of ["simd", "plain"] as const) {
  for (const obfuscate of [false, true]) {
    const mode = `${variant}, ${obfuscate ? "obfuscated" : "plain header"}`;
    for (const row of ROWS) {
      test(`corner case: ${row.name} (${mode})`, () => {
        const f = new Fixture(variant, obfuscate);
        const bob = f.endpointOf(1);
        row.act(f);
        const expected = [...(obfuscate ? row.obfuscated : row.plain)].sort((a, b) => a - b);
        assert.deepEqual(f.moved(), expected);
        assert.deepEqual(f.endpointOf(0), row.learned ? ELSEWHERE : ALICE.home, "Alice's endpoint");
        assert.deepEqual(f.endpointOf(1), bob, "Bob's endpoint");
        // Whatever happened, the next honest datagram passes.
        const delivered = f.hub.counters()[TUN_TX]!;
        f.send(f.data(150n, EPOCH + 1n));
        assert.equal(f.hub.counters()[TUN_TX], delivered + 1n, "the next honest datagram");
        release(f.hub);
      });
    }
  }

  test(`a node of the other mode is never understood (${variant})`, () => {
    const obfuscating = new Fixture(variant, true);
    const plain = new Fixture(variant, false);
    obfuscating.send(plain.data(), ELSEWHERE);
    assert.deepEqual(obfuscating.moved(), [UNKNOWN]);
    plain.send(obfuscating.data(), ELSEWHERE);
    assert.ok(plain.moved().every((counter) => counter === AUTH || counter === UNKNOWN));
    release(obfuscating.hub);
    release(plain.hub);
  });

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
