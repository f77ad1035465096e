// Setting up an engine from a configuration: what the daemon, the benchmark, the tests and embedding programs share.

import { DEFAULT_RX_BUFFERS, OK, REGION_CLOCK, REGION_SEED, SEED_LENGTH } from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";
import { buildRegistry } from "./config/registry.ts";
import { checkSanity } from "./config/sanity.ts";
import type { Config } from "./config/values.ts";
import { subnetraError } from "./errors.ts";
import { wipeKeys } from "./memory.ts";
import { addRule, initialRules } from "./policy/roles.ts";
import { startFailure, step } from "./start-failure.ts";
import type { Sys } from "./sys.ts";

/** What setting up asks of its surroundings. */
export interface SetupHost {
  readonly engine: Engine;
  readonly sys: Pick<Sys, "clock" | "random" | "sockaddrFamily" | "udpSegments" | "tunVnet">;
}

/**
 * Everything that needs no device: sanity, memory, identity, boot epoch and registry (daemon-cli.md §2, steps 3 to 5).
 * No key is left in the configuration afterwards. The engine can receive and relay once it has rules.
 *
 * @throws StartFailure
 */
export function layOutEngine(host: SetupHost, config: Config): void {
  const { engine, sys } = host;
  try {
    step(
      (code) => `config sanity check failed: ${code}`,
      () => checkSanity(config),
    );
    step(
      (code) => `peer registry build failed: ${code}`,
      () => layOut(host, config),
    );
    engine.call.setNode(config.localId, config.obfuscate ? 1 : 0);
    engine.call.setMatchSrc(config.matchSrc ? 1 : 0);
    engine.call.setPlatform(0, 0, sys.sockaddrFamily);
    step(
      (code) => `boot epoch unavailable (clock not set?): ${code}`,
      () => takeEpoch(host),
    );
    step(
      (code) => `peer registry build failed: ${code}`,
      () => buildRegistry(engine, config),
    );
  } finally {
    wipeKeys(config.peers);
  }
}

/**
 * The offloads of the devices that are open by now, and the rules of the node's role.
 *
 * @throws StartFailure
 */
export function addPolicy(host: SetupHost, config: Config): void {
  const { engine, sys } = host;
  engine.call.setPlatform(sys.udpSegments(), sys.tunVnet(), sys.sockaddrFamily);
  addInitialRules(host, config);
}

/**
 * The rules of the node's role.
 *
 * @throws StartFailure
 */
export function addInitialRules(host: Pick<SetupHost, "engine">, config: Config): void {
  step(
    (code) => `initial policy derivation failed: ${code}`,
    () => addRules(host.engine, config),
  );
}

/** Seconds between keepalives to a peer: its own number, else the document's for a spoke's hub (config.md §3 and §4). */
function keepaliveTo(config: Config, peer: number): number {
  const own = config.peers[peer]!.keepaliveSecs;
  if (own !== null) return own;
  return config.role === "spoke" ? config.keepaliveSecs : 0;
}

/**
 * Starts the keepalives to those peers that are to get any.
 *
 * @throws StartFailure
 */
export function startKeepalive(host: SetupHost, config: Config): void {
  const { engine, sys } = host;
  const peers: number[] = [];
  for (let i = 0; i < config.peers.length; i++) if (keepaliveTo(config, i) !== 0) peers.push(i);
  if (peers.length === 0) return;
  if (sys.random(engine.call.region(REGION_SEED), SEED_LENGTH) < 0) {
    const error = subnetraError("EntropyUnavailable", "", "the secure random source gave no bytes");
    throw startFailure(`keepalive set-up failed: ${error.code}`, error);
  }
  sys.clock(engine.call.region(REGION_CLOCK));
  for (let i = 0; i < peers.length; i++) engine.call.setKeepalive(keepaliveTo(config, peers[i]!), peers[i]!);
}

/**
 * A whole engine in one call, for a host whose devices are open or that has none.
 *
 * @throws StartFailure
 */
export function setUpEngine(host: SetupHost, config: Config): void {
  layOutEngine(host, config);
  addPolicy(host, config);
  startKeepalive(host, config);
}

function layOut(host: SetupHost, config: Config): void {
  const { maxPeers, maxRules, replayWindow } = config;
  const needed = host.engine.call.init(maxPeers, maxRules, DEFAULT_RX_BUFFERS, replayWindow);
  if (needed !== 0) {
    const what = `${maxPeers} peers, ${maxRules} rules, a replay window of ${replayWindow} need ${needed} bytes`;
    throw subnetraError("OutOfMemory", "", what);
  }
}

function takeEpoch(host: SetupHost): void {
  // Digits that a coarse clock lacks. Where even the secure source fails, a spoke that needs it says so later.
  host.sys.random(host.engine.call.region(REGION_SEED), SEED_LENGTH);
  host.sys.clock(host.engine.call.region(REGION_CLOCK));
  if (host.engine.call.startEpoch() !== OK) {
    throw subnetraError("ClockUnavailable", "", "the clock is missing or before 2024-01-01");
  }
}

function addRules(engine: Engine, config: Config): void {
  const rules = initialRules(config);
  for (let i = 0; i < rules.length; i++) {
    if (!addRule(engine, rules[i]!)) {
      const what = `the role makes ${rules.length} rules, max_rules is ${config.maxRules}`;
      throw subnetraError("OutOfSpace", "", what);
    }
  }
}
