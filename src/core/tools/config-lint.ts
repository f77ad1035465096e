// config-lint: the daemon's own checks of a configuration, without clock, device or socket (tools.md).

import { REGION_CLOCK } from "../../engine/abi.ts";
import { loadConfig } from "../config/file.ts";
import { buildRegistry } from "../config/registry.ts";
import { checkSanity } from "../config/sanity.ts";
import type { Config } from "../config/values.ts";
import { explain, isSubnetraError, type SubnetraError } from "../errors.ts";
import type { Host } from "../host.ts";
import { wipeKeys } from "../memory.ts";
import { STDERR, STDOUT } from "../sys.ts";
import type { Arguments } from "./arguments.ts";
import type { Tool } from "./tool.ts";

/** A fixed boot time, so that a machine without a clock can check too: 2025-01-01 in seconds. */
const FIXED_TIME = 1735689600;
const RX_BUFFERS = 1;

const UNREADABLE = ["ConfigNotFound", "ConfigOpenFailed", "ConfigReadFailed", "FileTooBig", "PathTooLong"];

/** The daemon's checks of a parsed configuration; wipes its keys. @throws SubnetraError */
export function checkConfig(host: Host, config: Config): void {
  const { engine } = host;
  try {
    checkSanity(config);
    engine.call.init(config.maxPeers, config.maxRules, RX_BUFFERS);
    const clock = engine.call.region(REGION_CLOCK) >> 2;
    for (let i = 0; i < 8; i++) engine.u32[clock + i] = 0;
    engine.u32[clock] = FIXED_TIME;
    engine.call.setNode(config.localId, config.obfuscate ? 1 : 0);
    engine.call.startEpoch();
    buildRegistry(engine, config);
  } finally {
    wipeKeys(config.peers);
    engine.call.wipe();
  }
}

function summary(path: string, config: Config): string {
  return (
    `config-lint: ${path}: OK (role=${config.role}, local_id=${config.localId}, peers=${config.peers.length}, ` +
    `mtu=${config.mtu}, udp_ports={ ${config.listenPorts.join(", ")} })\n`
  );
}

function complain(host: Host, path: string, error: SubnetraError): number {
  const line =
    UNREADABLE.indexOf(error.code) >= 0
      ? `config-lint: cannot read ${path}: ${error.code}\n`
      : `config-lint: ${path}: FAILED (${error.code})\n`;
  host.sys.print(STDERR, line + explain(error));
  return 1;
}

export const CONFIG_LINT: Tool = {
  name: "config-lint",
  help: `usage: subnetra config-lint [PATH]

  PATH   the file (default config.json)

The same checks as "subnetrad --check", without the clock: it runs anywhere.
Never prints keys.
`,
  grammar: { values: [], words: 1 },
  run(host: Host, args: Arguments): number {
    const path = args.words.length > 0 ? args.words[0]! : "config.json";
    try {
      const { config } = loadConfig(host, { path, named: true });
      checkConfig(host, config);
      host.sys.print(STDOUT, summary(path, config));
      return 0;
    } catch (error) {
      if (!isSubnetraError(error)) throw error;
      return complain(host, path, error);
    }
  },
};
