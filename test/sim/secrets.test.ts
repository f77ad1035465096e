// Where keys are, and where they are not: engine memory and everything printed, through the life of a daemon.

import assert from "node:assert/strict";
import { World } from "../../src/platform/sim/world.ts";
import { linkKey, sessionKey } from "../support/engine/reference-crypto.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos } from "../support/sim/chaos.ts";
import { buildStar, HUB_ID, hex, type Member, pskOf } from "../support/sim/star.ts";

function holds(member: Member, secret: Uint8Array | string): boolean {
  const { u8 } = member.node.engine;
  return Buffer.from(u8.buffer, u8.byteOffset, u8.length).includes(Buffer.from(secret));
}

for (const variant of ["simd", "plain"] as const) {
  seededTest(
    `PSKs leave memory at start, all keys at the end, and none is ever shown (${variant})`,
    (_, seed) => {
      const world = new World(seed);
      const star = buildStar(world, { spokes: 3, keepaliveSecs: 2, variant });
      const chaos = new Chaos(world, star);
      world.run(2_100);
      for (let i = 0; i < 300; i++) {
        chaos.traffic();
        if (world.random.chance(0.1)) chaos.attack();
        world.run(5);
      }
      const members = [star.hub, ...star.spokes];
      const psks = star.spokes.map(({ id }) => pskOf(id));
      for (const member of members)
        for (const psk of psks) {
          assert.ok(!holds(member, psk), `${member.machine.name}: a PSK is left`);
          assert.ok(!holds(member, hex(psk)), `${member.machine.name}: a PSK's text is left`);
        }

      const hub = star.hub.machine;
      for (const args of [["status"], ["status", "--json"], ["policy", "show"]])
        assert.equal(world.runClient(hub, args), 0);
      const links = star.spokes.flatMap(({ id }) => [
        linkKey(pskOf(id), id, HUB_ID),
        linkKey(pskOf(id), HUB_ID, id),
      ]);
      for (const member of members) {
        const shown = member.machine.printed.join("").toLowerCase();
        for (const secret of [...psks, ...links])
          assert.ok(!shown.includes(hex(secret)), `${member.machine.name} prints a key`);
      }

      // The spokes' epochs are in the hub's peer table: with them come the session keys of both directions.
      const sessions = sessionKeysInUse(star.hub, links);
      assert.ok(
        sessions.some((key) => holds(star.hub, key)),
        "the search finds keys while they are in use",
      );
      for (const member of members) member.node.stop();
      for (const member of members)
        for (const secret of [...psks, ...links, ...sessions])
          assert.ok(!holds(member, secret), `${member.machine.name}: a key is left after the end`);
    },
  );
}

/** Session keys of every link for every epoch the hub has adopted. */
function sessionKeysInUse(hub: Member, links: readonly Uint8Array[]): Uint8Array[] {
  const epochs = hub.node.peerEpochs();
  return links.flatMap((link) => epochs.map((epoch) => sessionKey(link, epoch)));
}
