// A star of a thousand nodes in one process, with bounded time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../src/core/config.ts";
import { openNode } from "../../src/core/node.ts";
import { buildRegistry } from "../../src/core/registry.ts";
import {
  COUNTER_DROP_UDP_SCAN_BUDGET,
  COUNTER_RELAY_PACKETS,
  DEFAULT_RX_BUFFERS,
  REGION_CLOCK,
} from "../../src/engine/abi.ts";
import { loadEngine } from "../../src/engine/load.ts";
import type { Machine } from "../../src/platform/sim/machine.ts";
import { SimNode } from "../../src/platform/sim/sim-node.ts";
import { World } from "../../src/platform/sim/world.ts";
import { assertAccounts } from "../property/engine/accounting.ts";
import { chooseSeed } from "./seed.ts";
import { buildStar } from "./star.ts";

const SPOKES = 999;
/** Generous: a slow shared machine takes a third of it. */
const LIMIT_MS = 60_000;

/** The daemon's start without its file: a thousand peers do not fit into the 64 KiB that one may have. */
function startHub(world: World, machine: Machine, config: object): SimNode {
  const node = new SimNode(machine, loadEngine(), world);
  const text = new TextEncoder().encode(JSON.stringify(config));
  node.startWith((host) => {
    const parsed = parseConfig(text, text.length);
    const { call } = host.engine;
    assert.equal(call.init(parsed.maxPeers, parsed.maxRules, DEFAULT_RX_BUFFERS), 0);
    call.setNode(parsed.localId, parsed.obfuscate ? 1 : 0);
    host.sys.clock(call.region(REGION_CLOCK));
    assert.equal(call.startEpoch(), 0);
    buildRegistry(host.engine, parsed);
    return openNode(host, parsed, { device: "snr0", savedRules: null, banner: "hub" });
  });
  return node;
}

test("a thousand nodes reach each other", { timeout: LIMIT_MS }, () => {
  const world = new World(chooseSeed());
  const { hub, spokes } = buildStar(world, {
    spokes: SPOKES,
    keepaliveSecs: 20,
    pages: 128,
    offloads: () => ({ udpSegments: true, tunVnet: false }),
    startHub: (machine, config) => startHub(world, machine, config),
  });
  // Every keepalive is a peer moved to an unknown endpoint: 8 scans a drain are enough for all.
  world.run(60_000);
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
  assert.equal(counters[COUNTER_DROP_UDP_SCAN_BUDGET], 0n);
});
