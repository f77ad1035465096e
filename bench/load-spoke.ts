// A spoke for load programs: the engine set up from a spoke's configuration exactly as the daemon does it, with its
// UDP socket, but without TUN and control socket.

import { loadConfig } from "../src/core/config/file.ts";
import { buildRegistry } from "../src/core/config/registry.ts";
import { addRule, initialRules } from "../src/core/policy/roles.ts";
import { DEFAULT_RX_BUFFERS, OK, REGION_CLOCK } from "../src/engine/abi.ts";
import type { Engine } from "../src/engine/exports.ts";
import { loadEngine } from "../src/engine/load.ts";
import { NodejsSys } from "../src/platform/nodejs/sys.ts";

export interface LoadSpoke {
  readonly engine: Engine;
  readonly sys: NodejsSys;
}

/** @throws when the configuration is wrong or the port busy */
export function openLoadSpoke(configPath: string): LoadSpoke {
  const engine = loadEngine();
  const sys = new NodejsSys(engine, { restart: false });
  const config = loadConfig({ engine, sys }, { path: configPath, named: true });
  engine.call.init(config.maxPeers, config.maxRules, DEFAULT_RX_BUFFERS);
  engine.call.setNode(config.localId, config.obfuscate ? 1 : 0);
  sys.clock(engine.call.region(REGION_CLOCK));
  if (engine.call.startEpoch() !== OK) throw new Error("the clock is not set");
  buildRegistry(engine, config);
  for (const rule of initialRules(config)) addRule(engine, rule);
  if (sys.udpOpen(config.listenPorts[0]!) < 0) throw new Error(`port ${config.listenPorts[0]} is busy`);
  engine.call.setPlatform(sys.udpSegments(), 0, sys.sockaddrFamily);
  return { engine, sys };
}
