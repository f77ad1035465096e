// A star of a thousand nodes in one process, with bounded time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTER_DROP_UDP_SCAN_BUDGET, COUNTER_RELAY_PACKETS } from "../../src/engine/abi.ts";
import { World } from "../../src/platform/sim/world.ts";
import { assertAccounts } from "../support/engine/accounting.ts";
import { chooseSeed } from "../support/seed.ts";
import { buildStar } from "../support/sim/star.ts";

const SPOKES = 999;
/** Generous: a crowded machine took a sixth of it. */
const LIMIT_MS = 120_000;

test("a thousand nodes reach each other", { timeout: LIMIT_MS }, () => {
  const world = new World(chooseSeed());
  const { hub, spokes } = buildStar(world, {
    spokes: SPOKES,
    keepaliveSecs: 20,
    // More than 64 KiB of configuration are read only where the file says how many peers to expect.
    hubConfig: { max_peers: SPOKES },
    offloads: () => ({ udpSegments: true, tunVnet: false }),
  });
  // Every first keepalive is a peer at an unknown endpoint. All come in the same instant, where 8 scans a drain do not
  // find them all; the next ones are spread, and then 8 are enough.
  world.run(1_000);
  const early = hub.node.counters()[COUNTER_DROP_UDP_SCAN_BUDGET];
  world.run(59_000);
  for (const [i, spoke] of spokes.entries()) {
    const next = spokes[(i + 1) % SPOKES]!;
    assert.ok(spoke.send(next.inner, i));
    world.run(1);
  }
  world.run(100);
  const missing = spokes.filter((spoke, i) => !spoke.received((i + SPOKES - 1) % SPOKES));
  assert.equal(missing.length, 0, `seed ${world.seed}: ${missing.length} spokes heard nothing`);
  const counters = hub.node.counters();
  assertAccounts(counters);
  assert.equal(counters[COUNTER_RELAY_PACKETS], BigInt(SPOKES));
  assert.equal(counters[COUNTER_DROP_UDP_SCAN_BUDGET], early);
});
