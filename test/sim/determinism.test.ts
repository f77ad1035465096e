// The same seed gives the same world, to the byte and the nanosecond.

import assert from "node:assert/strict";
import { World } from "../../src/platform/sim/world.ts";
import { seededTest } from "../support/seed.ts";
import { Chaos, ROUGH } from "../support/sim/chaos.ts";
import { buildStar } from "../support/sim/star.ts";

/** A rough half minute. @returns the hash of everything sent and delivered. */
function run(seed: number, variant: "simd" | "plain"): string {
  const world = new World(seed);
  const star = buildStar(world, {
    spokes: 4,
    nat: true,
    keepaliveSecs: 3,
    variant,
    offloads: (index) => ({ udpSegments: index % 2 === 0, tunVnet: index % 3 === 0 }),
  });
  const chaos = new Chaos(world, star);
  world.run(4_000);
  world.network.conditions = ROUGH;
  for (let i = 0; i < 1500; i++) {
    chaos.traffic();
    if (world.random.chance(0.05)) chaos.attack();
    if (world.random.chance(0.01)) world.random.pick(star.spokes).nat?.rebind();
    world.run(world.random.below(20));
  }
  return world.traceHash();
}

seededTest("a run repeats from its seed, and the engine's variants do the same", (random) => {
  for (let i = 0; i < 3; i++) {
    const seed = random.u32();
    const first = run(seed, "simd");
    assert.equal(run(seed, "simd"), first, `seed ${seed}`);
    assert.equal(run(seed, "plain"), first, `seed ${seed}, plain variant`);
    assert.notEqual(run(seed ^ 1, "simd"), first, "another seed gives another run");
  }
});
