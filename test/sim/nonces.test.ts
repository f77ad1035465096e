// No (key, nonce) pair is used twice, also across restarts: seen from the wire, with every link's key at hand.

import assert from "node:assert/strict";
import type { NetworkHost } from "../../src/platform/sim/network.ts";
import { World } from "../../src/platform/sim/world.ts";
import {
  decodeHeader,
  linkKey,
  maskDatagram,
  openBody,
  sessionKey,
} from "../support/engine/reference-crypto.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos, ROUGH } from "../support/sim/chaos.ts";
import { buildStar, HUB_ID, type Member, pskOf, type Star } from "../support/sim/star.ts";

const DATAGRAMS = 12_000;
const NS_PER_S = 1_000_000_000n;

interface Direction {
  readonly sender: string;
  readonly from: number;
  readonly name: string;
  readonly link: Uint8Array;
}

/** Reads everything on the wire, de-masks it and remembers which nonces each key has seen. */
class Observer {
  observed = 0;
  readonly epochs = new Set<string>();
  private readonly used = new Set<string>();
  private readonly directions: Direction[] = [];
  private readonly keys = new Map<string, Uint8Array>();
  private readonly obfuscate: boolean;

  constructor(world: World, star: Star, obfuscate: boolean) {
    this.obfuscate = obfuscate;
    for (const { id, machine } of star.spokes) {
      const psk = pskOf(id);
      this.directions.push({
        sender: machine.name,
        from: id,
        name: `${id}>1`,
        link: linkKey(psk, id, HUB_ID),
      });
      this.directions.push({ sender: "hub", from: HUB_ID, name: `1>${id}`, link: linkKey(psk, HUB_ID, id) });
    }
    world.network.wiretaps.push((bytes, host) => this.observe(bytes, host));
  }

  private observe(bytes: Uint8Array, host: NetworkHost): void {
    this.observed++;
    for (const { sender, from, name, link } of this.directions) {
      if (sender !== host.name) continue;
      const plain = this.obfuscate ? maskDatagram(link, bytes) : bytes;
      const { version, keyId, epoch, seq } = decodeHeader(plain);
      if (version !== 1 || keyId !== from) continue;
      const session = `${name} ${epoch}`;
      let key = this.keys.get(session);
      if (key === undefined) {
        key = sessionKey(link, epoch);
        this.keys.set(session, key);
      }
      // In plain mode the header alone does not tell to which spoke the hub sends: only the right key opens.
      if (openBody(key, seq, plain.subarray(20)) === null) continue;
      this.epochs.add(session);
      const nonce = `${session} ${seq}`;
      assert.ok(!this.used.has(nonce), `${nonce} was used twice`);
      this.used.add(nonce);
      return;
    }
    assert.fail(`${host.name} sent something that no link's key opens`);
  }
}

/** Restarts a node with a clock that may have been set anywhere since 2024. */
function restart(world: World, member: Member): void {
  if (world.random.chance(0.5)) member.node.kill();
  else member.node.stop();
  const { machine } = member;
  if (world.random.chance(0.2))
    machine.clockError = BigInt(world.random.between(-30_000_000, 30_000_000)) * NS_PER_S;
  world.run(world.random.below(50));
  member.start();
}

for (const obfuscate of [false, true]) {
  seededTest(`no key and nonce are used twice, obfuscation ${obfuscate}`, (_, seed) => {
    const world = new World(seed);
    const star = buildStar(world, {
      spokes: 4,
      obfuscate,
      keepaliveSecs: 1,
      nat: true,
      offloads: (index) => ({ udpSegments: index % 2 === 0, tunVnet: index % 3 === 0 }),
    });
    const observer = new Observer(world, star, obfuscate);
    const chaos = new Chaos(world, star);
    world.run(1_100);
    world.network.conditions = ROUGH;
    while (observer.observed < DATAGRAMS) {
      for (let i = world.random.below(6); i >= 0; i--) chaos.traffic();
      if (world.random.chance(0.05)) chaos.attack();
      if (world.random.chance(0.02)) restart(world, world.random.pick([star.hub, ...star.spokes]));
      // Sends that fail consume their number too.
      if (world.random.chance(0.01)) {
        const { host } = star.hub.machine;
        const addresses = host.addresses;
        world.network.readdress(host, []);
        world.run(30);
        world.network.readdress(host, addresses);
      }
      world.run(world.random.below(30));
    }
    assert.ok(observer.epochs.size > 20, `only ${observer.epochs.size} sessions`);
  });
}

seededTest("a clock before 2024 starts no node", (_, seed) => {
  const world = new World(seed);
  const { spokes } = buildStar(world, { spokes: 1 });
  const spoke = spokes[0]!;
  spoke.node.stop();
  for (const error of [world.wallStart, world.wallStart + 1n, 366n * 86400n * NS_PER_S + 1n]) {
    spoke.machine.clockError = -error;
    assert.throws(() => spoke.start(), /boot epoch unavailable \(clock not set\?\): ClockUnavailable/);
  }
  spoke.machine.clockError = -(366n * 86400n * NS_PER_S - 1n);
  world.run(1);
  spoke.start();
  assert.ok(spoke.node.running);
});
