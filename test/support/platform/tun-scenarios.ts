// Scenarios for node-tun.test.ts: run by name in a network namespace that may be changed at will.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { errnoOf, READY_LOST, READY_STOP, READY_TUN, stageOf, TUN_IOCTL } from "../../../src/core/sys.ts";
import {
  MAX_TUN_PACKETS,
  REGION_TUN_ARENA,
  REGION_TUND,
  TUN_ARENA_LENGTH,
  TUN_HEADROOM,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
  VNET_LENGTH,
} from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { drive } from "../../../src/platform/nodejs/driver.ts";
import { NodejsSys } from "../../../src/platform/nodejs/sys.ts";
import { receive, Stage } from "./staging.ts";

const engine = loadEngine();
const sys = new NodejsSys(engine, { restart: false });

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

function openUp(name: string): void {
  assert.equal(sys.tunOpen(name), 0);
  // No IPv6 chatter on the device.
  execFileSync("sysctl", ["-qw", `net.ipv6.conf.${name}.disable_ipv6=1`]);
  ip("addr", "add", "10.8.0.1/24", "dev", name);
  ip("link", "set", name, "mtu", "1400", "up");
}

/** Sends `count` UDP datagrams of `length` bytes through the kernel to 10.8.0.2, that is into the device. */
function ping(count: number, length: number): void {
  const program = `
    const s = require("node:dgram").createSocket("udp4");
    let left = ${count};
    for (let i = 0; i < ${count}; i++)
      s.send(Buffer.alloc(${length}, i), 9, "10.8.0.2", () => { if (--left === 0) s.close(); });`;
  execFileSync(process.execPath, ["-e", program]);
}

/** Reads packets until `count` have come; checks how they lie in the arena. */
function readPackets(count: number): Buffer[] {
  const packets: Buffer[] = [];
  const header = sys.tunVnet() === 1 ? VNET_LENGTH : 0;
  const arena = engine.call.region(REGION_TUN_ARENA);
  for (let tries = 0; packets.length < count && tries < 50; tries++) {
    if ((sys.wait(100) & READY_TUN) === 0) continue;
    const read = sys.tunReceive();
    assert.ok(read <= MAX_TUN_PACKETS);
    let free = arena;
    for (let i = 0; i < read; i++) {
      const at = (engine.call.region(REGION_TUND) + i * TUND_STRIDE) >> 2;
      const offset = engine.u32[at + (TUND_OFFSET >> 2)]!;
      const length = engine.u32[at + (TUND_LENGTH >> 2)]!;
      assert.ok(offset - TUN_HEADROOM >= free, "headroom");
      free = offset + length + TUN_TAILROOM;
      assert.ok(free <= arena + TUN_ARENA_LENGTH, "tail room");
      packets.push(Buffer.from(engine.u8.slice(offset - header, offset + length)));
    }
  }
  return packets;
}

/** An IPv4/UDP packet to port 7 of the device's own address, checksum left out. */
function packet(length: number): Buffer {
  const bytes = Buffer.alloc(length, 0x5a);
  bytes.set([0x45, 0, length >> 8, length & 255, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 10, 8, 0, 1]);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes.writeUInt16BE(~sum & 0xffff, 10);
  bytes.writeUInt16BE(1000, 20);
  bytes.writeUInt16BE(41_007, 22);
  bytes.writeUInt16BE(length - 20, 24);
  bytes.writeUInt16BE(0, 26);
  return bytes;
}

/** Writes packets to the device in pieces and receives them as datagrams from the kernel. */
function writePackets(header: Uint8Array): void {
  assert.equal(sys.udpOpen(41_007), 0);
  const stage = new Stage(engine);
  const whole = packet(1400);
  stage.tun([header, whole].filter((piece) => piece.length > 0));
  stage.tun([Buffer.concat([header, whole.subarray(0, 28)]), whole.subarray(28, 500), whole.subarray(500)]);
  sys.tunSend(stage.count);
  assert.equal(stage.tunStatus(0), 0);
  assert.equal(stage.tunStatus(1), 0);
  const received = receive(sys, engine, 2);
  assert.equal(received.length, 2);
  for (const { data, from } of received) {
    assert.deepEqual(data, whole.subarray(28));
    assert.deepEqual(from, { address: "10.8.0.2", port: 1000 });
  }
}

/** Sends a message of many datagrams of 1200 bytes to 10.8.1.2 and checks that the kernel takes each. */
function sendSegments(): void {
  assert.equal(sys.udpOpen(41_008), 0);
  assert.equal(sys.udpSegments(), 1);
  const stage = new Stage(engine);
  const datagrams = Array.from({ length: 20 }, (_, i) => new Uint8Array(1200).fill(i));
  const first = stage.udp(sys, { address: "10.8.1.2", port: 9 }, datagrams);
  sys.udpSend(1);
  for (let i = 0; i < datagrams.length; i++) assert.equal(stage.status(first + i), 0);
}

const scenarios: { [name: string]: () => void | Promise<void> } = {
  names() {
    assert.equal(sys.tunOpen("a-name-that-is-too-long"), 0);
    assert.equal(sys.tunName(), "a-name-that-is-");
    ip("link", "show", "a-name-that-is-");
    sys.closeAll();
    assert.throws(() => execFileSync("ip", ["link", "show", "a-name-that-is-"], { stdio: "ignore" }));
  },

  busy() {
    assert.equal(sys.tunOpen("snr0"), 0);
    const other = new NodejsSys(loadEngine(), { restart: false });
    const result = other.tunOpen("snr0");
    assert.equal(stageOf(result), TUN_IOCTL);
    assert.ok(errnoOf(result) > 0);
  },

  plain() {
    openUp("snr0");
    assert.equal(sys.tunVnet(), 0);
    ping(200, 1000);
    const packets = readPackets(200);
    assert.equal(packets.length, 200);
    packets.forEach((bytes, i) => {
      assert.equal(bytes.length, 1028);
      assert.equal(bytes[0], 0x45);
      assert.equal(bytes[1027], i);
    });
    writePackets(new Uint8Array(0));
  },

  vnet() {
    openUp("snr0");
    assert.equal(sys.tunVnet(), 1);
    ping(20, 1000);
    const packets = readPackets(20);
    assert.equal(packets.length, 20);
    packets.forEach((bytes, i) => {
      assert.equal(bytes.length, VNET_LENGTH + 1028);
      assert.equal(bytes[VNET_LENGTH], 0x45);
      assert.equal(bytes[VNET_LENGTH + 1027], i);
    });
    writePackets(new Uint8Array(VNET_LENGTH));
  },

  down() {
    assert.equal(sys.tunOpen("snr0"), 0);
    const stage = new Stage(engine);
    stage.tun([packet(100)]);
    sys.tunSend(1);
    assert.ok(stage.tunStatus(0) > 0);
  },

  async removed() {
    openUp("snr0");
    let ready = 0;
    const turn = () => {
      ready = sys.wait(-1);
      return (ready & (READY_LOST | READY_STOP)) === 0;
    };
    const running = drive({ turn }, sys);
    ip("link", "del", "snr0");
    const late = setTimeout(() => sys.requestStop(), 10_000);
    await running;
    clearTimeout(late);
    assert.equal(ready & READY_STOP, 0);
    assert.equal(sys.tunReceive(), 0);
  },

  "segments-small-mtu"() {
    ip("link", "add", "v0", "type", "veth", "peer", "name", "v1");
    ip("addr", "add", "10.8.1.1/24", "dev", "v0");
    ip("link", "set", "v0", "mtu", "1000", "up");
    ip("link", "set", "v1", "up");
    ip("neigh", "add", "10.8.1.2", "lladdr", "02:00:00:00:00:01", "dev", "v0");
    sendSegments();
  },

  "segments-no-checksum"() {
    openUp("plain0");
    ip("addr", "add", "10.8.1.1/24", "dev", "plain0");
    sendSegments();
    assert.equal(readPackets(20).length, 20);
  },
};

await scenarios[process.argv[2]!]!();
sys.closeAll();
