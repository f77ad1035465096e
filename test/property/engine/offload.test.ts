// TUN offload: the engine's segmentation and coalescing against a plain implementation (the simulated kernel's).

import assert from "node:assert/strict";
import {
  ACTION_FORWARD,
  COUNTER_TUN_RX_PACKETS,
  COUNTER_TUN_TX_BYTES,
  COUNTER_TUN_TX_PACKETS,
  REGION_TUN_ARENA,
} from "../../../src/engine/abi.ts";
import type { EngineVariant } from "../../../src/engine/load.ts";
import type { Prng } from "../../../src/platform/sim/prng.ts";
import {
  checksumsHold,
  encodeVnet,
  expandFrame,
  GSO_NONE,
  GSO_TCPV4,
  pseudoSum,
} from "../../../src/platform/sim/tcp-offload.ts";
import { assertAccounts } from "../../support/engine/accounting.ts";
import { type Arrival, EngineNode, release, type TunPacket } from "../../support/engine/engine-node.ts";
import { brokenPacket, ipv4Packet, Sender } from "../../support/engine/packets.ts";
import { linkKey, openBody, sessionKey } from "../../support/engine/reference-crypto.ts";
import { EPOCH } from "../../support/engine/scenario.ts";
import {
  ACK,
  disturb,
  FIN,
  PSH,
  randomFields,
  type TcpFields,
  tcpPacket,
} from "../../support/engine/tcp-packets.ts";
import { seededTest } from "../../support/seed.ts";

const SEGMENTS = 12_000;
const DELIVERIES = 20_000;
const PSK = new Uint8Array(32).fill(3);
const PEER = { id: 2, psk: PSK, endpoint: { address: 0xc0000202, port: 18020 }, allowed: 0, allowedBits: 0 };
const LOCAL = 0x0a000001;
const REMOTE = 0x0a000002;
const MAX_PLAINTEXT = 1452;

function node(variant: EngineVariant): EngineNode {
  const engine = new EngineNode({
    variant,
    localId: 1,
    obfuscate: false,
    epoch: EPOCH,
    udpSegments: true,
    tunVnet: true,
  });
  engine.addPeer(PEER);
  engine.addRule({ dst: REMOTE, dstBits: 32, action: ACTION_FORWARD, target: PEER.id });
  engine.addRule({ dst: LOCAL, dstBits: 32, action: ACTION_FORWARD, target: 0 });
  return engine;
}

/** Inner packets of everything the engine sent since last asked. */
function sentPackets(engine: EngineNode): string[] {
  const key = sessionKey(linkKey(PSK, 1, PEER.id), EPOCH);
  const packets = engine.emitted.map(({ bytes }) => {
    const plain = openBody(key, Buffer.from(bytes).readBigUInt64LE(12), bytes.subarray(20));
    assert.ok(plain !== null, "a datagram does not open");
    return Buffer.from(plain).toString("hex");
  });
  engine.emitted = [];
  return packets;
}

/** A super-packet as the kernel hands it over: the TCP checksum field holds the sum of the pseudo-header. */
function superPacket(random: Prng): TunPacket {
  const fields = randomFields(random, LOCAL, REMOTE);
  const long = random.between(1, random.pick([3000, 20000, 65000]));
  fields.payload = random.bytes(long);
  fields.flags =
    ACK | (random.chance(0.5) ? PSH : 0) | (random.chance(0.2) ? FIN : 0) | random.pick([0, 0, 0x80, 0x40]);
  fields.reserved = random.chance(0.1) ? random.below(16) : 0;
  if (random.chance(0.1)) fields.ipOptions = random.bytes(8);
  const bytes = tcpPacket(fields);
  const ip = 20 + fields.ipOptions.length;
  const headerLength = ip + 20 + fields.tcpOptions.length;
  const sum = pseudoSum(bytes, bytes.length - ip);
  bytes[ip + 16] = sum >> 8;
  bytes[ip + 17] = sum & 255;
  const largest = MAX_PLAINTEXT - headerLength;
  const segmentSize = random.chance(0.2) ? random.between(1, largest) : random.between(400, largest);
  const vnet = encodeVnet({
    needsChecksum: true,
    gsoType: GSO_TCPV4 | (random.chance(0.1) ? 0x80 : 0),
    headerLength,
    segmentSize,
    checksumStart: ip,
    checksumOffset: 16,
  });
  return { bytes, vnet };
}

/** An ordinary packet whose checksum may still have to be completed. */
function ordinaryPacket(random: Prng): TunPacket {
  const bytes = tcpPacket({
    ...randomFields(random, LOCAL, REMOTE),
    payload: random.bytes(random.below(1000)),
  });
  if (random.chance(0.5)) return { bytes };
  const sum = pseudoSum(bytes, bytes.length - 20);
  bytes[36] = sum >> 8;
  bytes[37] = sum & 255;
  const vnet = encodeVnet({
    needsChecksum: true,
    gsoType: GSO_NONE,
    headerLength: 0,
    segmentSize: 0,
    checksumStart: 20,
    checksumOffset: 16,
  });
  return { bytes, vnet };
}

function expected({ bytes, vnet }: TunPacket): Uint8Array[] {
  return expandFrame(new Uint8Array(Buffer.concat([vnet ?? new Uint8Array(10), bytes])));
}

for (const variant of ["simd", "plain"] as const) {
  seededTest(`super-packets are segmented as TCP would have (${variant})`, (random) => {
    const engine = node(variant);
    for (let segments = 0; segments < SEGMENTS; ) {
      const packets = Array.from({ length: random.between(1, 6) }, () =>
        random.chance(0.5) ? superPacket(random) : ordinaryPacket(random),
      );
      const wanted = packets.flatMap(expected);
      for (const packet of wanted) assert.ok(checksumsHold(packet), "the plain implementation's checksums");
      const before = engine.counters()[COUNTER_TUN_RX_PACKETS]!;
      engine.tun(packets);
      assert.deepEqual(
        sentPackets(engine),
        wanted.map((packet) => Buffer.from(packet).toString("hex")),
      );
      assert.equal(engine.counters()[COUNTER_TUN_RX_PACKETS]! - before, BigInt(wanted.length));
      assertAccounts(engine.counters());
      segments += wanted.length;
    }
    release(engine);
  });

  seededTest(
    `hostile virtio headers break nothing, and nothing beyond a packet is read (${variant})`,
    (random) => {
      // Two nodes whose arenas hold different bytes around the packets: what they send must not differ.
      const nodes = [node(variant), node(variant)];
      for (let cases = 0; cases < 10_000; cases += 4) {
        const packets = Array.from({ length: 4 }, () => hostileFrame(random));
        const sent = nodes.map((engine, i) => {
          const arena = engine.engine.call.region(REGION_TUN_ARENA);
          engine.engine.u8.fill(i === 0 ? 0 : 0xa5, arena, arena + 300_000);
          engine.tun(packets);
          assertAccounts(engine.counters());
          for (const { bytes } of engine.emitted) assert.ok(bytes.length <= 1488, "an oversized datagram");
          return sentPackets(engine).join();
        });
        assert.ok(sent[0] === sent[1], "bytes beyond a packet were sent");
        assert.deepEqual(nodes[0]!.counters(), nodes[1]!.counters());
      }
      const honest = superPacket(random);
      nodes[0]!.tun([honest]);
      const wanted = expected(honest).map((packet) => Buffer.from(packet).toString("hex"));
      assert.deepEqual(sentPackets(nodes[0]!), wanted);
      nodes.forEach(release);
    },
  );

  seededTest(`coalesced writes expand to exactly the packets delivered (${variant})`, (random) => {
    const engine = node(variant);
    const sender = new Sender({ psk: PSK, from: PEER.id, to: 1, obfuscate: false });
    let seq = 0n;
    let joined = 0;
    for (let deliveries = 0; deliveries < DELIVERIES; ) {
      const flooding = deliveries === 0 || random.chance(0.04);
      const packets = flooding ? flood(random) : stream(random);
      const arrivals: Arrival[] = packets.map((packet) => {
        seq += 1n;
        return { bytes: sender.datagram(EPOCH, seq, packet), source: PEER.endpoint };
      });
      const before = engine.counters();
      engine.drain(0, arrivals, flooding || random.chance(0.7));
      const after = engine.counters();
      const written = engine.tunWrites.flatMap(expandFrame);
      joined += written.length - engine.tunWrites.length;
      assert.equal(written.length, packets.length);
      packets.forEach((packet, i) => {
        assert.equal(comparable(written[i]!), comparable(packet), `packet ${i}`);
      });
      assert.equal(after[COUNTER_TUN_TX_PACKETS]! - before[COUNTER_TUN_TX_PACKETS]!, BigInt(packets.length));
      const bytes = packets.reduce((total, packet) => total + packet.length, 0);
      assert.equal(after[COUNTER_TUN_TX_BYTES]! - before[COUNTER_TUN_TX_BYTES]!, BigInt(bytes));
      assertAccounts(after);
      engine.tunWrites = [];
      deliveries += packets.length;
    }
    assert.ok(joined > DELIVERIES / 4, `only ${joined} packets were joined to another`);
    assert.ok(engine.resumed > 0, "no batch filled the table of writes");
    release(engine);
  });
}

/** Any header in front of any packet. */
function hostileFrame(random: Prng): TunPacket {
  const source = random.pick([superPacket, ordinaryPacket])(random);
  let { bytes } = source;
  if (random.chance(0.3))
    bytes = random.pick([brokenPacket(random), ipv4Packet(random, LOCAL, REMOTE, random.between(20, 3000))]);
  if (random.chance(0.3)) bytes = bytes.slice(0, random.below(bytes.length + 1));
  if (bytes.length > 13 && random.chance(0.3))
    bytes[random.below(Math.min(60, bytes.length))] = random.below(256);
  const vnet = random.chance(0.5) ? random.bytes(10) : (source.vnet ?? random.bytes(10)).slice();
  if (random.chance(0.5)) vnet[1] = random.pick([0, 1, 1, 1, 3, 4, 5, 0x81]);
  // A long packet in tiny segments multiplies the work; a few show what there is to see.
  if (random.chance(0.97)) bytes = bytes.slice(0, 3000);
  vnet[random.below(10)] = random.pick([0, 1, 255, random.below(256)]);
  return { bytes, vnet };
}

/** Packets of one to three flows, mostly in order, as they reach a receiver. */
function stream(random: Prng): Uint8Array[] {
  const flows = Array.from({ length: random.between(1, 3) }, () => randomFields(random, REMOTE, LOCAL));
  const sizes = flows.map(() => random.between(1, 1300));
  const packets: Uint8Array[] = [];
  const total = random.between(1, 120);
  let current = 0;
  while (packets.length < total) {
    if (random.chance(0.1)) current = random.below(flows.length);
    const flow = flows[current]!;
    flow.payload = random.bytes(random.chance(0.05) ? random.between(1, 1300) : sizes[current]!);
    flow.flags = ACK | (random.chance(0.05) ? PSH : 0);
    const shown: TcpFields = random.chance(0.06) ? disturb(random, flow) : flow;
    const packet = tcpPacket(shown);
    if (random.chance(0.02)) packet[random.pick([10, 36, packet.length - 1])]! ^= 1 << random.below(8);
    packets.push(packet);
    flow.seq = (flow.seq + flow.payload.length) >>> 0;
    flow.id = (flow.id + 1) % 65536;
    if (random.chance(0.02)) packets.push(ipv4Packet(random, REMOTE, LOCAL, random.between(20, 100)));
  }
  return packets;
}

/** Hundreds of packets of one size, short runs of TCP among others: fills the table of writes within a batch. */
function flood(random: Prng): Uint8Array[] {
  const flow = { ...randomFields(random, REMOTE, LOCAL), tcpOptions: new Uint8Array(0) };
  const size = random.between(1, 60);
  return Array.from({ length: random.between(400, 1500) }, () => {
    if (random.chance(0.5)) return ipv4Packet(random, REMOTE, LOCAL, 40 + size);
    const packet = tcpPacket({ ...flow, payload: random.bytes(size) });
    flow.seq = (flow.seq + size) >>> 0;
    flow.id = (flow.id + 1) % 65536;
    return packet;
  });
}

/** A packet as text. The identification of an atomic datagram (don't-fragment) means nothing: RFC 6864 §4. */
function comparable(packet: Uint8Array): string {
  const out = packet.slice();
  const atomic = (out[6]! & 0x40) !== 0 && (out[6]! & 0x20) === 0;
  if (atomic && out[0] === 0x45 && out[9] === 6 && checksumsHold(packet)) out.fill(0, 4, 6).fill(0, 10, 12);
  return Buffer.from(out).toString("hex");
}
