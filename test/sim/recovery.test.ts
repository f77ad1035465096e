// After any fault ends, traffic recovers without a restart, within one keepalive interval plus delay.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Prng } from "../../src/platform/sim/prng.ts";
import { World } from "../../src/platform/sim/world.ts";
import { assertAccounts } from "../support/engine/accounting.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos, ROUGH } from "../support/sim/chaos.ts";
import { buildStar, HUB_ADDRESS, type Member, type Star } from "../support/sim/star.ts";

const STEPS = 60_000;
const KEEPALIVE_SECS = 6;
/** One keepalive interval, and delay on the way. */
const RECOVERY_MS = KEEPALIVE_SECS * 1000 + 100;

class Trouble {
  private readonly world: World;
  private readonly star: Star;
  private readonly random: Prng;
  private readonly chaos: Chaos;
  private roamed = 0;
  private checks = 0;

  constructor(world: World, star: Star, random: Prng) {
    this.world = world;
    this.star = star;
    this.random = random;
    this.chaos = new Chaos(world, star);
  }

  /** Every fault in turn; each returns what ends it. */
  readonly faults: { [name: string]: () => () => void } = {
    "heavy loss": () => this.conditions({ ...ROUGH, loss: 0.9 }),
    "rough network": () => this.conditions(ROUGH),
    "everything corrupted": () => this.conditions({ ...ROUGH, corrupt: 1 }),
    "total outage": () => this.conditions({ ...ROUGH, loss: 1 }),
    partition: () => {
      const station = this.spoke().machine.host.station;
      const hub = this.star.hub.machine.host;
      this.world.network.partition(station, hub);
      return () => this.world.network.heal(station, hub);
    },
    "one direction lost": () => {
      const station = this.spoke().machine.host.station;
      const hub = this.star.hub.machine.host;
      const [from, to] = this.random.chance(0.5) ? [station, hub] : [hub, station];
      this.world.network.setPath(from, to, { ...ROUGH, loss: 1 });
      return () => this.world.network.setPath(from, to, null);
    },
    "NAT rebinding": () => {
      this.spoke((one) => one.nat !== null).nat!.rebind();
      return () => {};
    },
    "all NATs rebound": () => {
      for (const spoke of this.star.spokes) spoke.nat?.rebind();
      return () => {};
    },
    roaming: () => {
      const spoke = this.spoke();
      // Without an address for a while, then with a new one.
      const { host } = spoke.machine;
      const inside = host.addresses;
      this.world.network.readdress(host, []);
      return () => {
        const address = 0x64400000 + ++this.roamed;
        this.world.network.readdress(host, spoke.nat === null ? [address] : inside);
        if (spoke.nat !== null) this.world.network.readdress(spoke.nat, [address]);
      };
    },
    "spoke restarted": () => this.restart(this.spoke()),
    "hub restarted": () => this.restart(this.star.hub),
    "spoke's interface down": () => {
      const tun = this.spoke().machine.tun!;
      tun.up = false;
      return () => {
        tun.up = true;
      };
    },
    flood: () => {
      for (let i = 0; i < 100; i++) this.chaos.attack();
      return () => {};
    },
    "wall clock set back while running": () => {
      const { machine } = this.random.pick([this.star.hub, ...this.star.spokes]);
      machine.clockError -= BigInt(this.random.below(86400)) * 1_000_000_000n;
      return () => {
        machine.clockError = 0n;
      };
    },
  };

  /** One fault with traffic before, during and after, then the proof. */
  round(): void {
    const name = this.random.pick(Object.keys(this.faults));
    this.talk(this.random.below(30));
    const end = this.faults[name]!();
    this.talk(this.random.between(1, 60));
    end();
    this.world.run(RECOVERY_MS);
    this.prove(name);
  }

  /** Everybody reaches everybody, with the next packet. */
  private prove(name: string): void {
    const { spokes } = this.star;
    const expected: [Member, Member, number][] = [];
    for (const from of spokes)
      for (const to of spokes) if (from !== to) expected.push([from, to, 1_000_000 + ++this.checks]);
    for (const spoke of spokes) spoke.delivered = [];
    for (const [from, to, number] of expected) from.send(to.inner, number);
    this.world.run(50);
    for (const [from, to, number] of expected)
      assert.ok(to.received(number), `after ${name}: spoke ${from.id} does not reach spoke ${to.id}`);
    for (const member of [this.star.hub, ...spokes]) assertAccounts(member.node.counters());
  }

  private talk(packets: number): void {
    for (let i = 0; i < packets; i++) {
      this.chaos.traffic();
      this.world.run(this.random.below(300));
    }
  }

  private conditions(conditions: typeof ROUGH): () => void {
    const before = this.world.network.conditions;
    this.world.network.conditions = conditions;
    return () => {
      this.world.network.conditions = before;
    };
  }

  private restart(member: Member): () => void {
    if (this.random.chance(0.5)) member.node.kill();
    else member.node.stop();
    return () => member.start();
  }

  private spoke(which: (one: Member) => boolean = () => true): Member {
    return this.random.pick(this.star.spokes.filter(which));
  }
}

for (const obfuscate of [false, true]) {
  seededTest(`traffic recovers after every fault, obfuscation ${obfuscate}`, (random) => {
    let steps = 0;
    while (steps < STEPS) {
      const world = new World(random.u32());
      const star = buildStar(world, {
        spokes: random.between(2, 5),
        obfuscate,
        keepaliveSecs: KEEPALIVE_SECS,
        nat: true,
        natTimeout: 30e9,
        offloads: (index) => ({ udpSegments: index % 2 === 0, tunVnet: index % 3 === 1 }),
      });
      world.run(RECOVERY_MS);
      const trouble = new Trouble(world, star, random);
      for (let round = 0; round < 12; round++) trouble.round();
      steps += world.events.done;
    }
  });
}

seededTest("a spoke behind a NAT stays reachable while it is silent", (_, seed) => {
  const world = new World(seed);
  // 20 s of keepalive against a NAT that forgets after 30 s.
  const { hub, spokes } = buildStar(world, { spokes: 2, nat: true, keepaliveSecs: 20 });
  const [talker, silent] = spokes;
  world.run(20_100);
  for (let minute = 0; minute < 60; minute++) {
    world.run(60_000);
    talker!.send(silent!.inner, minute);
    world.run(50);
    assert.ok(silent!.received(minute), `minute ${minute}`);
  }
  assert.ok(hub.node.running);
});

test("spokes follow a hub that moves while it relays", () => {
  const world = new World(4);
  const { hub, spokes } = buildStar(world, { spokes: 2, keepaliveSecs: 5 });
  const [a, b] = spokes;
  world.run(5_100);
  // The hub sends from another address while the old one still works: each relayed packet teaches its receiver.
  const moved = 0xc0000263;
  world.network.readdress(hub.machine.host, [moved, HUB_ADDRESS]);
  a!.send(b!.inner, 1);
  b!.send(a!.inner, 2);
  world.run(50);
  world.network.readdress(hub.machine.host, [moved]);
  a!.send(b!.inner, 3);
  b!.send(a!.inner, 4);
  world.run(50);
  for (const [spoke, numbers] of [
    [a!, [2, 4]],
    [b!, [1, 3]],
  ] as const)
    for (const number of numbers) assert.ok(spoke.received(number), `spoke ${spoke.id}: packet ${number}`);
});
