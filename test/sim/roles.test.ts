// Who sends keepalives, and that nothing else breaks the silence (wire-protocol.md §13 and §15).

import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTER_KEEPALIVE_TX } from "../../src/engine/abi.ts";
import { World } from "../../src/platform/sim/world.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos } from "../support/sim/chaos.ts";
import { buildStar, HUB_ADDRESS, hex, pskOf } from "../support/sim/star.ts";

const HOUR_MS = 3_600_000;

for (const role of ["hub", "manual"]) {
  test(`a ${role} node never sends keepalives, whatever its configuration says`, () => {
    const world = new World(1);
    const machine = world.addMachine("quiet", { addresses: [HUB_ADDRESS] });
    let sent = 0;
    world.network.wiretaps.push(() => sent++);
    const node = world.startNode(machine, {
      role,
      local_id: 1,
      keepalive_secs: 5,
      peers: [{ id: 2, endpoint: "198.51.100.2:18020", allowed_src: "10.77.0.2/32", psk: hex(pskOf(2)) }],
    });
    world.run(HOUR_MS);
    assert.equal(sent, 0);
    assert.equal(node.counters()[COUNTER_KEEPALIVE_TX], 0n);
  });
}

for (const obfuscate of [false, true]) {
  test(`a spoke sends keepalives at its pace, obfuscation ${obfuscate}`, () => {
    const world = new World(2);
    const times: number[] = [];
    const { spokes } = buildStar(world, { spokes: 1, obfuscate, keepaliveSecs: 20 });
    const sent = (): bigint => spokes[0]!.node.counters()[COUNTER_KEEPALIVE_TX]!;
    assert.equal(sent(), 1n, "the first goes out with the ready line");
    world.network.wiretaps.push(() => times.push(world.events.now));
    world.run(HOUR_MS);
    const gaps = times.map((time, i) => (time - (times[i - 1] ?? 0)) / 1e9);
    // The wait is rounded up to whole milliseconds.
    for (const gap of gaps) assert.ok(gap >= (obfuscate ? 10 : 20) && gap <= 20.002, `${gap} s`);
    if (!obfuscate) assert.equal(times.length, 180);
    else assert.ok(times.length > 220 && times.length < 260, `${times.length} keepalives`);
    assert.equal(sent(), 1n + BigInt(times.length));
  });
}

seededTest("attacks are met with silence", (_, seed) => {
  const world = new World(seed);
  const star = buildStar(world, { spokes: 3, keepaliveSecs: 5 });
  const chaos = new Chaos(world, star);
  world.run(5_100);
  for (let i = 0; i < 200; i++) chaos.traffic();
  world.run(100);
  let fromHub = 0;
  const printed = star.hub.machine.printed.length;
  world.network.wiretaps.push((_bytes, from) => {
    if (from === star.hub.machine.host) fromHub++;
  });
  for (let i = 0; i < 2000; i++) {
    chaos.attack();
    world.run(1);
  }
  assert.equal(fromHub, 0, "the hub answered");
  assert.equal(star.hub.machine.printed.length, printed, "the hub printed");
});
