// Whole daemons in a simulated star: they start, talk, answer their operator and leave.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "../../src/platform/sim/world.ts";
import { buildStar, dotted, HUB_ADDRESS, innerOf } from "../support/sim/star.ts";

for (const obfuscate of [false, true]) {
  test(`two spokes behind NATs talk through the hub, obfuscation ${obfuscate}`, () => {
    const world = new World(1);
    const { hub, spokes } = buildStar(world, { spokes: 2, obfuscate, nat: true });
    const [a, b] = spokes;
    // The first keepalive of each goes out with the ready line and makes it known.
    world.run(100);
    a!.send(b!.inner, 7);
    b!.send(a!.inner, 8);
    world.run(100);
    assert.ok(b!.received(7));
    assert.ok(a!.received(8));
    assert.equal(hub.delivered.length, 0);
  });
}

test("the client talks to a simulated daemon", () => {
  const world = new World(2);
  const { hub, spokes } = buildStar(world, { spokes: 1 });
  world.run(100);
  const { machine } = hub;
  const ask = (...args: string[]): string => {
    machine.printed.length = 0;
    assert.equal(world.runClient(machine, args), 0);
    return machine.printed.join("");
  };
  const status = JSON.parse(ask("status", "--json"));
  assert.equal(status.counters.keepalive_rx, 1);
  assert.equal(status.peers[0].online, true);
  // A rule that delivers to the hub itself works for the next packet, and survives a restart through its file.
  ask("policy", "add", "--src", "0.0.0.0/0", "--dst", "10.77.0.1/32", "--action", "forward", "--target", "0");
  assert.match(ask("policy", "show"), /--dst 10\.77\.0\.1\/32 --action forward --target 0/);
  spokes[0]!.send(innerOf(1), 5);
  world.run(100);
  assert.ok(hub.received(5));
  assert.match(ask("save"), /^saved 2 rule\(s\) to \/run\/subnetra\/subnetra\.sock\.policy\n$/);
});

test("a second daemon is refused, a stale socket is taken over, and a stopped daemon leaves none", () => {
  const world = new World(3);
  const { hub } = buildStar(world, { spokes: 1 });
  assert.throws(() => hub.start(), /IoctlFailed|BindFailed/);
  hub.node.kill();
  const socket = "/run/subnetra/subnetra.sock";
  assert.equal(hub.machine.files.get(socket)?.kind, "socket");
  hub.start();
  hub.node.stop();
  assert.equal(hub.node.running, false);
  assert.equal(hub.machine.files.get(socket), undefined);
  assert.equal(hub.machine.host.sockets.size, 0, dotted(HUB_ADDRESS));
});
