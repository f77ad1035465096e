// Event lines (daemon-cli.md §11) of whole daemons in virtual time: heard, moved, silent, back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../../src/platform/sim/world.ts";
import { buildStar, dotted, type Member } from "../support/sim/star.ts";

/** Lines that a machine has printed since they were taken last, without the start's. */
function taker(member: Member): () => string[] {
  let seen = member.machine.printed.length;
  return () => {
    const lines = member.machine.printed.slice(seen).join("").split("\n").slice(0, -1);
    seen = member.machine.printed.length;
    return lines;
  };
}

test("a spoke is heard, roams, falls silent and returns: one line each, in time", () => {
  const world = new World(1);
  const { hub, spokes } = buildStar(world, { spokes: 2, keepaliveSecs: 20, obfuscate: false });
  const take = taker(hub);
  const [spoke, other] = spokes as [Member, Member];
  const home = (member: Member): string => `${dotted(member.machine.host.addresses[0]!)}:18020`;
  world.run(1100);
  assert.deepEqual(
    take().sort(),
    [spoke, other].map((one) => `peer ${one.id} is heard for the first time, at ${home(one)}`),
  );
  world.run(60_000);
  assert.deepEqual(take(), [], "nothing has happened");

  // Roams: its next keepalive tells the hub.
  const before = home(spoke);
  world.network.readdress(spoke.machine.host, [0x64400001]);
  world.run(21_500);
  assert.deepEqual(take(), [`peer 2 moved from ${before} to 100.64.0.1:18020`]);

  // Silent: its last keepalive was at most 20 s ago.
  world.network.partition(spoke.machine.host.station, hub.machine.host);
  world.run(69_000);
  assert.deepEqual(take(), []);
  world.run(22_500);
  assert.deepEqual(take(), ["peer 2 is silent: not heard for 91 s, last at 100.64.0.1:18020"]);
  world.run(600_000);
  assert.deepEqual(take(), [], "it is said once");

  world.network.readdress(spoke.machine.host, [0x64400002]);
  world.network.heal(spoke.machine.host.station, hub.machine.host);
  world.run(21_500);
  assert.deepEqual(take(), ["peer 2 is back, at 100.64.0.2:18020, before at 100.64.0.1:18020"]);
});

test("with everybody gone a node without keepalives of its own still wakes to say so", () => {
  const world = new World(3);
  const { hub, spokes } = buildStar(world, { spokes: 1, obfuscate: false });
  const take = taker(hub);
  world.run(1100);
  assert.equal(take().length, 1);
  spokes[0]!.node.kill();
  world.run(89_000);
  assert.deepEqual(take(), []);
  world.run(3000);
  assert.match(take().join(), /^peer 2 is silent: not heard for 91 s, last at /);
});

test("a mesh that starts at once is ten lines a second and a count", () => {
  const world = new World(2);
  const { hub } = buildStar(world, { spokes: 25, obfuscate: false });
  const take = taker(hub);
  world.run(1100);
  const lines = take();
  const [told, counts] = [
    lines.filter((line) => line.startsWith("peer ")),
    lines.filter((line) => /more/.test(line)),
  ];
  const left = counts.reduce((sum, line) => sum + Number(/^(\d+) more changes of peers /.exec(line)![1]), 0);
  assert.ok(told.length <= 20 && counts.length >= 1, lines.join("\n"));
  assert.equal(told.length + left, 25, lines.join("\n"));
});

test("log: quiet says nothing", () => {
  const world = new World(1);
  const { hub, spokes } = buildStar(world, { spokes: 1, hubConfig: { log: "quiet" } });
  const take = taker(hub);
  world.run(5000);
  spokes[0]!.node.kill();
  world.run(200_000);
  assert.deepEqual(take(), []);
});
