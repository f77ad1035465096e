// A simulated machine of its own, whose world goes on while it waits.

import { READY_YIELD } from "../../../src/core/sys.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { SimSys } from "../../../src/platform/sim/sim-sys.ts";
import { World } from "../../../src/platform/sim/world.ts";
import { FakeSys } from "../core/fake-sys.ts";
import type { Machine } from "./compliance.ts";

const ADDRESS = 0x0a000001;

class WaitingSys extends SimSys {
  private readonly sharedWorld: World;

  constructor(world: World, udpSegments: boolean) {
    const offloads = { udpSegments, tunVnet: false };
    super(world.addMachine("one", { addresses: [ADDRESS], offloads }), loadEngine(), world);
    this.sharedWorld = world;
  }

  override wait(timeoutMs: number): number {
    this.sharedWorld.runUntil(() => super.wait(0) !== 0, timeoutMs);
    // What happens at the same moment has happened too.
    this.sharedWorld.run(0);
    return super.wait(0) & ~READY_YIELD;
  }
}

function machineOf(sys: SimSys): Machine {
  sys.machine.files.mkdir("/tmp/compliance");
  return {
    sys,
    engine: sys.engine,
    address: "10.0.0.1",
    directory: "/tmp/compliance",
    dispose: () => sys.exit(),
  };
}

export function simMachine(udpSegments: boolean): Machine {
  return machineOf(new WaitingSys(new World(7), udpSegments));
}

/** The tests' own Sys, with nothing made to fail. */
export function fakeMachine(): Machine {
  const sys = new FakeSys(loadEngine());
  sys.waits = null;
  return machineOf(sys);
}
