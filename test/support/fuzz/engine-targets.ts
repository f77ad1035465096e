// The engine's two inputs as fuzz targets: datagrams and packets from the TUN, against the reference model.
//
// The node knows two peers with known keys, so an input can also say what is to be sealed: changed plaintexts, flags,
// epochs and sequence numbers reach what lies behind the authentication.

import assert from "node:assert/strict";
import { ACTION_DROP, ACTION_FORWARD, COUNTER_COUNT, VNET_LENGTH } from "../../../src/engine/abi.ts";
import { assertAccounts } from "../engine/accounting.ts";
import { type Arrival, EngineNode, release, type TunPacket } from "../engine/engine-node.ts";
import { Sender } from "../engine/packets.ts";
import { type Emission, type PeerSettings, ReferenceNode, wellFormedIpv4 } from "../engine/reference.ts";
import { linkKey, maskDatagram, openBody, sessionKey } from "../engine/reference-crypto.ts";
import { EPOCH } from "../engine/scenario.ts";
import { Reader } from "./reader.ts";
import type { Target } from "./target.ts";

const HERE = 1;
const MAX_STEPS = 24;
const MAX_PLAINTEXT = 1452;
const HEADER_LENGTH = 20;
const GUARD = 65536;
const GUARD_BYTE = 0xa5;

const PEERS: readonly PeerSettings[] = [2, 3].map((id) => ({
  id,
  psk: new Uint8Array(32).fill(0x11 * id),
  endpoint: { address: 0xc6336400 + id, port: 18020 },
  allowed: 0x0a000000 + (id << 8),
  allowedBits: 24,
}));

const RULES = [
  { dst: 0x0a000100, dstBits: 24, action: ACTION_FORWARD, target: 0 },
  { dst: 0x0a000200, dstBits: 24, action: ACTION_FORWARD, target: 2 },
  { dst: 0x0a000300, dstBits: 24, action: ACTION_FORWARD, target: 3 },
  { dst: 0x0a000400, dstBits: 24, action: ACTION_FORWARD, target: 99 },
  { dst: 0x0a000500, dstBits: 24, action: ACTION_DROP, target: 0 },
];

function described(emitted: readonly Emission[], to: "udp" | "tun"): string[] {
  return emitted
    .filter((emission) => emission.to === to)
    .map(
      ({ bytes, endpoint, socket }) =>
        `${endpoint?.address}:${endpoint?.port}/${socket} ${Buffer.from(bytes).toString("hex")}`,
    );
}

/** The last stretch of the engine's memory, behind everything that it lays out. */
function guardOf(node: EngineNode): Uint8Array {
  const { u8 } = node.engine;
  return u8.subarray(u8.length - GUARD);
}

/** Both variants of the engine and the model, fed alike. */
class World {
  readonly model: ReferenceNode;
  readonly engines: EngineNode[];
  readonly senders: Sender[];
  readonly features = new Set<string>();
  private wall = EPOCH;

  constructor(obfuscate: boolean, tunVnet: boolean) {
    const settings = { localId: HERE, obfuscate, epoch: EPOCH };
    this.model = new ReferenceNode(settings);
    this.engines = [
      new EngineNode({ ...settings, variant: "simd", udpSegments: true, tunVnet }),
      new EngineNode({ ...settings, variant: "plain", udpSegments: tunVnet, tunVnet }),
    ];
    this.senders = PEERS.map(({ id, psk }) => new Sender({ psk, from: id, to: HERE, obfuscate }));
    for (const node of [this.model, ...this.engines]) for (const peer of PEERS) node.addPeer(peer);
    for (const rule of RULES) {
      this.model.rules.push(rule);
      for (const engine of this.engines) engine.addRule(rule);
    }
    for (const engine of this.engines) guardOf(engine).fill(GUARD_BYTE);
    this.advance(0n);
  }

  advance(ns: bigint): void {
    this.wall += ns;
    this.model.wall = this.wall;
    this.model.monotonic = this.wall - EPOCH;
    for (const engine of this.engines) engine.setClock(this.wall, this.wall - EPOCH);
  }

  /** What holds for every engine at any time, and which counters have moved. */
  checkEngines(): void {
    const [first, second] = this.engines.map((engine) => engine.counters());
    assert.deepEqual(second, first, "the variants count differently");
    assertAccounts(first!);
    for (const engine of this.engines)
      assert.ok(!guardOf(engine).some((byte) => byte !== GUARD_BYTE), "written behind the engine's regions");
    for (let i = 0; i < COUNTER_COUNT; i++)
      if (first![i]! > 0n) this.features.add(`counter ${i} ${first![i]!.toString(2).length}`);
  }

  compareWithModel(): void {
    for (const engine of this.engines) {
      assert.deepEqual(engine.counters(), this.model.counters, `${engine.variant}: counters`);
      for (const to of ["udp", "tun"] as const)
        assert.deepEqual(
          described(engine.emitted, to),
          described(this.model.emitted, to),
          `${engine.variant}: ${to}`,
        );
      this.model.peers.forEach((peer, index) => {
        const actual = engine.peer(index);
        const names = Object.keys(actual) as (keyof typeof actual)[];
        // The model keeps what arrived, and says what is missing only when it is asked.
        const lost = BigInt.asUintN(64, peer.lostBefore + peer.heard.lost());
        const seen = { ...peer, traffic: { ...peer.traffic, lost } };
        const expected = Object.fromEntries(names.map((name) => [name, seen[name]]));
        assert.deepEqual(actual, expected, `${engine.variant}: peer`);
      });
    }
  }

  end(): void {
    for (const engine of this.engines) release(engine);
  }
}

/** An inner packet: raw bytes, or an IPv4 header whose fields the input chooses. */
function innerPacket(reader: Reader): Uint8Array {
  const kind = reader.u8();
  if (kind < 64) return reader.bytes(kind);
  const length = kind < 224 ? kind - 44 : reader.u16() % 1500;
  const packet = new Uint8Array(Math.max(20, length));
  packet[0] = kind & 1 ? reader.u8() : 0x45;
  packet[9] = kind & 2 ? 6 : 17;
  packet.set([10, 0, reader.u8() % 6, reader.u8()], 12);
  packet.set([10, 0, reader.u8() % 6, reader.u8()], 16);
  packet.set(reader.bytes(Math.min(packet.length - 20, kind & 4 ? 24 : 4)), 20);
  return packet;
}

/** One arrival, and whether nobody without a key could have made it. */
function arrival(reader: Reader, world: World, sent: Uint8Array[]): Arrival {
  const op = reader.u8();
  const from = op & 1;
  const source = op & 2 ? { address: 0xcb007100 + reader.u8(), port: 4000 } : PEERS[from]!.endpoint;
  const old = sent[reader.u8() % Math.max(1, sent.length)];
  if (op >= 224) return { bytes: reader.bytes(op & 16 ? reader.u16() % 2100 : reader.u8()), source };
  if (op >= 192 && old !== undefined) {
    const bytes = old.slice(0, op & 4 ? Math.max(0, old.length - reader.u8()) : old.length);
    if (op & 8 && bytes.length > 0) bytes[reader.u16() % bytes.length]! ^= reader.u8();
    return { bytes, source };
  }
  const epoch = EPOCH + (op & 4 ? BigInt(reader.u8()) - 128n : 0n);
  const seq = op & 8 ? BigInt(reader.u16()) << BigInt(reader.u8() % 49) : BigInt(reader.u8());
  const flags = op & 16 ? reader.u8() : 0;
  const keyId = op & 32 ? reader.u16() : PEERS[from]!.id;
  const bytes = world.senders[from]!.datagram(epoch, seq, innerPacket(reader), flags, keyId);
  sent.push(bytes);
  return { bytes, source };
}

const datagram: Target = {
  name: "datagram",
  seeds: [
    [0, 0, 0, 1, 100, 2, 7, 1, 7, 1, 2, 3, 4],
    [1, 0, 0, 1, 100, 3, 7, 2, 7, 1, 2, 3, 4, 0, 0, 2, 101, 2, 7, 3, 9, 5, 5, 5, 5],
    [0, 28, 0, 200, 1, 0, 0, 1, 0],
    [1, 224, 0, 30, ...Array<number>(30).fill(0)],
    [0, 0, 0, 1, 100, 2, 7, 1, 7, 1, 2, 3, 4, 192, 0, 200, 0, 3, 0, 255],
  ].map((bytes) => new Uint8Array(bytes)),
  words: ["\x00\x01\x64\x02\x07\x01\x07", "\xc0", "\xe0", "\x1c", "\xff\xff"],
  run(input) {
    const reader = new Reader(input);
    const world = new World((reader.u8() & 1) === 0, false);
    const sent: Uint8Array[] = [];
    try {
      for (let step = 0; step < MAX_STEPS && !reader.done; step++) {
        const pause = reader.u8();
        world.advance(BigInt(pause) * 10_000_000n);
        const arrivals = Array.from({ length: 1 + (pause & 3) }, () => arrival(reader, world, sent));
        const socket = (pause >> 2) & 1;
        // A buffer holds 2,048 bytes of one datagram; the kernel cuts what is longer.
        world.model.beginDrain();
        for (const { bytes, source } of arrivals) world.model.receive(bytes, source, socket);
        for (const engine of world.engines) engine.drain(socket, arrivals, engine.variant === "simd");
        world.checkEngines();
        world.compareWithModel();
        world.features.add(`emitted ${world.model.emitted.length} ${arrivals.length}`);
        for (const node of [world.model, ...world.engines]) node.emitted = [];
      }
      return world.features;
    } finally {
      world.end();
    }
  },
};

/** The virtio header of a packet: none, or fields the input chooses. */
function vnetHeader(reader: Reader): Uint8Array {
  const kind = reader.u8();
  if (kind < 96) return new Uint8Array(VNET_LENGTH);
  if (kind >= 224) {
    const raw = new Uint8Array(VNET_LENGTH);
    raw.set(reader.bytes(VNET_LENGTH));
    return raw;
  }
  // NEEDS_CSUM, TCPv4, 40 bytes of headers, segments of a size, the checksum at 20 + 16: each may be another.
  const size = reader.u16() % 1600;
  const header = new Uint8Array([1, 1, 40, 0, size & 255, size >> 8, 20, 0, 16, 0]);
  if (kind & 1) header[reader.u8() % VNET_LENGTH] = reader.u8();
  return header;
}

/** A packet from the TUN: as innerPacket makes it, or TCP with a long payload. */
function tunPacket(reader: Reader): TunPacket {
  const vnet = vnetHeader(reader);
  const kind = reader.u8();
  if (kind < 128) return { bytes: innerPacket(reader), vnet };
  const payload = reader.u16() % (kind & 8 ? 40000 : 6000);
  const bytes = new Uint8Array(40 + payload);
  bytes.set([0x45, 0, bytes.length >> 8, bytes.length & 255, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 1, 1]);
  bytes.set([10, 0, reader.u8() % 6, 7, 0, 80, 1, 1], 16);
  bytes[32] = kind & 1 ? reader.u8() : 0x50;
  bytes[33] = kind & 2 ? reader.u8() : 0x18;
  if (kind & 4) bytes[reader.u8() % 40] = reader.u8();
  return { bytes, vnet };
}

/** Every datagram of this node opens with its link's key, holds a sound packet, and repeats no nonce. */
function checkSent(emitted: readonly Emission[], obfuscate: boolean): number {
  const used = new Set<string>();
  for (const { to, bytes, endpoint } of emitted) {
    if (to !== "udp") throw new Error("a packet from the TUN went back to it");
    const peer = PEERS.find((candidate) => candidate.endpoint.address === endpoint?.address);
    assert.ok(peer !== undefined, "a datagram to nobody");
    const link = linkKey(peer.psk, HERE, peer.id);
    const plain = obfuscate ? maskDatagram(link, bytes) : bytes;
    const sequence = Buffer.from(plain).readBigUInt64LE(12);
    const inner = openBody(sessionKey(link, EPOCH), sequence, plain.subarray(HEADER_LENGTH));
    assert.ok(
      inner !== null && wellFormedIpv4(inner) && inner.length <= MAX_PLAINTEXT,
      "an unsound datagram",
    );
    const nonce = `${peer.id} ${sequence}`;
    assert.ok(!used.has(nonce), "a nonce was used twice");
    used.add(nonce);
  }
  return used.size;
}

const tunPacketTarget: Target = {
  name: "tun-packet",
  seeds: [
    [0, 0, 0, 100, 2, 7, 2, 7, 1, 2, 3, 4],
    [1, 0, 100, 120, 5, 128, 160, 15, 2],
    [0, 3, 0, 0, 100, 2, 7, 3, 7, 1, 2, 3, 4, 100, 120, 5, 136, 160, 75, 3],
    [1, 0, 225, 1, 1, 40, 0, 120, 5, 20, 0, 16, 0, 128, 160, 15, 2],
  ].map((bytes) => new Uint8Array(bytes)),
  words: [
    "\x00\x00\x64\x02\x07\x02\x07",
    "\x64\x78\x05\x80\xa0\x0f\x02",
    "\xff\xff",
    "\x00\x00",
    "\xe1\x01\x05",
  ],
  run(input) {
    const reader = new Reader(input);
    const mode = reader.u8();
    const obfuscate = (mode & 1) === 0;
    const vnet = (mode & 2) === 0;
    const world = new World(obfuscate, vnet);
    try {
      for (let step = 0; step < MAX_STEPS && !reader.done; step++) {
        const count = 1 + (reader.u8() & 3);
        const packets = Array.from({ length: count }, () => tunPacket(reader));
        for (const engine of world.engines)
          engine.tun(packets.map(({ bytes, vnet }) => ({ bytes: bytes.slice(), vnet: vnet! })));
        world.checkEngines();
        if (!vnet) {
          for (const { bytes } of packets) world.model.send(bytes);
          world.compareWithModel();
        }
      }
      const [first, second] = world.engines;
      assert.deepEqual(
        described(second!.emitted, "udp"),
        described(first!.emitted, "udp"),
        "the variants differ",
      );
      world.features.add(`sent ${checkSent(first!.emitted, obfuscate).toString(2).length} vnet ${vnet}`);
      return world.features;
    } finally {
      world.end();
    }
  },
};

export const ENGINE_TARGETS: readonly Target[] = [datagram, tunPacketTarget];
