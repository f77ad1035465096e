// A packet arrives exactly where policy and allowed_src say, or is counted under exactly one drop reason.

import assert from "node:assert/strict";
import {
  COUNTER_DROP_TUN_LOCAL_LOOP,
  COUNTER_DROP_TUN_NO_ROUTE,
  COUNTER_DROP_TUN_OVERSIZED,
  COUNTER_DROP_UDP_NO_ROUTE,
  COUNTER_DROP_UDP_SPOOF,
  COUNTER_RELAY_PACKETS,
  COUNTER_TUN_RX_PACKETS,
  COUNTER_TUN_TX_PACKETS,
  COUNTER_UDP_TX_PACKETS,
} from "../../src/engine/abi.ts";
import { encodeVnet, expandFrame, GSO_TCPV4, pseudoSum } from "../../src/platform/sim/tcp-offload.ts";
import { World } from "../../src/platform/sim/world.ts";
import { assertAccounts } from "../support/engine/accounting.ts";
import { ACK, randomFields, tcpPacket } from "../support/engine/tcp-packets.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos, ROUGH, type Sent } from "../support/sim/chaos.ts";
import { buildStar, type Member, numberIn, type Star } from "../support/sim/star.ts";

const PACKETS = 11_000;
const MAX_PLAINTEXT = 1452;

function members(star: Star): Member[] {
  return [star.hub, ...star.spokes];
}

/** Mixed machines: every combination of offloads. */
const mixed = (index: number) => ({ udpSegments: index % 2 === 0, tunVnet: index % 4 < 2 });

/** Who must receive a packet, judged from the configurations alone; null: nobody. */
function receiverOf(sent: Sent, star: Star): Member | null {
  if (sent.source !== sent.from.inner || sent.length > MAX_PLAINTEXT) return null;
  const receiver = star.spokes.find((spoke) => spoke.inner === sent.destination);
  return receiver === undefined || receiver === sent.from ? null : receiver;
}

/** Counter and node that must account for a packet nobody receives. */
function reasonOf(sent: Sent, star: Star): [Member, number] {
  if (sent.destination === sent.from.inner) return [sent.from, COUNTER_DROP_TUN_LOCAL_LOOP];
  if (sent.destination >>> 16 !== 0x0a4d) return [sent.from, COUNTER_DROP_TUN_NO_ROUTE];
  if (sent.length > MAX_PLAINTEXT) return [sent.from, COUNTER_DROP_TUN_OVERSIZED];
  if (sent.source !== sent.from.inner) return [star.hub, COUNTER_DROP_UDP_SPOOF];
  return [star.hub, COUNTER_DROP_UDP_NO_ROUTE];
}

for (const obfuscate of [false, true]) {
  seededTest(`every packet's fate is the predicted one, obfuscation ${obfuscate}`, (_, seed) => {
    const world = new World(seed);
    const star = buildStar(world, { spokes: 5, obfuscate, keepaliveSecs: 5, offloads: mixed });
    const chaos = new Chaos(world, star);
    world.run(5_100);
    while (chaos.sent.length < PACKETS) {
      for (let i = world.random.below(20); i >= 0; i--) chaos.traffic();
      world.run(world.random.between(1, 8));
      for (const member of members(star)) assertAccounts(member.node.counters());
    }
    world.run(1_000);
    const arrived = new Map<number, Member>();
    for (const member of members(star))
      for (const packet of member.delivered) {
        assert.ok(!arrived.has(numberIn(packet)), "a packet arrived twice");
        arrived.set(numberIn(packet), member);
      }
    const predicted = new Map(members(star).map((member) => [member, member.node.counters().map(() => 0n)]));
    const expect = (member: Member, counter: number): void => {
      predicted.get(member)![counter]! += 1n;
    };
    chaos.sent.forEach((sent, number) => {
      assert.ok(sent.accepted, "the device's queue overflowed: the test sends too fast");
      const receiver = receiverOf(sent, star);
      assert.equal(arrived.get(number) ?? null, receiver, `packet ${number}`);
      expect(sent.from, COUNTER_TUN_RX_PACKETS);
      if (receiver !== null) {
        expect(star.hub, COUNTER_RELAY_PACKETS);
        expect(receiver, COUNTER_TUN_TX_PACKETS);
        expect(sent.from, COUNTER_UDP_TX_PACKETS);
        return;
      }
      const [where, counter] = reasonOf(sent, star);
      expect(where, counter);
      if (where === star.hub) expect(sent.from, COUNTER_UDP_TX_PACKETS);
    });
    const compared = [
      COUNTER_TUN_RX_PACKETS,
      COUNTER_TUN_TX_PACKETS,
      COUNTER_UDP_TX_PACKETS,
      COUNTER_RELAY_PACKETS,
      COUNTER_DROP_TUN_LOCAL_LOOP,
      COUNTER_DROP_TUN_NO_ROUTE,
      COUNTER_DROP_TUN_OVERSIZED,
      COUNTER_DROP_UDP_SPOOF,
      COUNTER_DROP_UDP_NO_ROUTE,
    ];
    for (const member of members(star)) {
      const counters = member.node.counters();
      for (const counter of compared)
        assert.equal(
          counters[counter],
          predicted.get(member)![counter],
          `${member.machine.name}: counter ${counter}`,
        );
    }
  });

  seededTest(
    `a rough network delivers nothing twice, to nobody else, nothing forged, obfuscation ${obfuscate}`,
    (_, seed) => {
      const world = new World(seed);
      const star = buildStar(world, { spokes: 5, obfuscate, keepaliveSecs: 2, nat: true, offloads: mixed });
      const chaos = new Chaos(world, star);
      world.run(2_100);
      world.network.conditions = ROUGH;
      while (chaos.sent.length < PACKETS) {
        for (let i = world.random.below(12); i >= 0; i--) chaos.traffic();
        if (world.random.chance(0.1)) chaos.attack();
        if (world.random.chance(0.005)) world.random.pick(star.spokes).nat?.rebind();
        world.run(world.random.between(1, 12));
        for (const member of members(star)) assertAccounts(member.node.counters());
      }
      world.run(1_000);
      const arrived = new Set<number>();
      for (const member of members(star))
        for (const packet of member.delivered) {
          const number = numberIn(packet);
          assert.ok(!arrived.has(number), `packet ${number} arrived twice`);
          arrived.add(number);
          assert.equal(member, receiverOf(chaos.sent[number]!, star), `packet ${number}`);
        }
      assert.ok(arrived.size > PACKETS / 3, `only ${arrived.size} arrived`);
    },
  );
}

seededTest("bulk TCP crosses offloading and plain machines unchanged", (random, seed) => {
  const world = new World(seed);
  const star = buildStar(world, {
    spokes: 4,
    keepaliveSecs: 5,
    offloads: (index) => ({ ...mixed(index), tunVnet: index !== 2 }),
  });
  world.run(5_100);
  let segments = 0;
  while (segments < 10_000) {
    const [from, to] = [star.spokes[0]!, random.pick(star.spokes.slice(1))];
    const fields = randomFields(random, from.inner, to.inner);
    fields.payload = random.bytes(random.between(1, 60_000));
    fields.flags = ACK;
    const packet = tcpPacket(fields);
    const sum = pseudoSum(packet, packet.length - 20);
    packet[36] = sum >> 8;
    packet[37] = sum & 255;
    const header = encodeVnet({
      needsChecksum: true,
      gsoType: GSO_TCPV4,
      headerLength: 40 + fields.tcpOptions.length,
      segmentSize: random.between(500, 1396 - fields.tcpOptions.length),
      checksumStart: 20,
      checksumOffset: 16,
    });
    const frame = new Uint8Array(Buffer.concat([header, packet]));
    to.delivered = [];
    assert.ok(from.machine.tun?.sendFrame(frame));
    world.run(20);
    const wanted = expandFrame(frame);
    assert.equal(to.delivered.length, wanted.length);
    wanted.forEach((segment, i) => {
      assert.ok(Buffer.from(segment).equals(to.delivered[i]!), `segment ${i} of ${wanted.length}`);
    });
    segments += wanted.length;
  }
  for (const member of members(star)) assertAccounts(member.node.counters());
});
