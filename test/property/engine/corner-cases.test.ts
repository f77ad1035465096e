// The table of wire-protocol.md §12, one test per row and mode.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COUNTER_DROP_UDP_AUTH_OR_INVALID as AUTH,
  COUNTER_UDP_ENDPOINT_LEARNED as LEARNED,
  COUNTER_DROP_UDP_NO_REFLECT as NO_REFLECT,
  COUNTER_DROP_UDP_NOT_IPV4 as NOT_IPV4,
  COUNTER_RELAY_PACKETS as RELAY,
  COUNTER_KEEPALIVE_RX as RX_KEEPALIVE,
  COUNTER_DROP_UDP_SPOOF as SPOOF,
  COUNTER_TUN_TX_PACKETS as TUN_TX,
  COUNTER_DROP_UDP_UNKNOWN_PEER as UNKNOWN,
} from "../../../src/engine/abi.ts";
import {
  ALICE,
  BOB,
  ELSEWHERE,
  EMPTY,
  Fixture,
  HERE,
  HUB,
  random,
} from "../../support/engine/corner-fixture.ts";
import { release } from "../../support/engine/engine-node.ts";
import { ipv4Packet, Sender } from "../../support/engine/packets.ts";
import { maskDatagram, sealDatagram, sessionKey } from "../../support/engine/reference-crypto.ts";
import { EPOCH } from "../../support/engine/scenario.ts";

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
}
