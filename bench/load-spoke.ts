// A spoke for load programs: the engine set up from a spoke's configuration exactly as the daemon does it, with its
// UDP socket, but without TUN and control socket.

import { loadConfig } from "../src/core/config/file.ts";
import { addPolicy, layOutEngine } from "../src/core/setup.ts";
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
  const host = { engine, sys };
  const { config } = loadConfig(host, { path: configPath, named: true });
  layOutEngine(host, config);
  if (sys.udpOpen(config.listenPorts[0]!) < 0) throw new Error(`port ${config.listenPorts[0]} is busy`);
  addPolicy(host, config);
  return { engine, sys };
}
