// The daemon from its arguments to its last turn, in the order of daemon-cli.md §2. On Node the whole start runs a
// second time after dropPrivileges, so nothing is printed before that point unless the start fails or ends.

import { DEFAULT_RX_BUFFERS, OK, REGION_CLOCK, REGION_SEED, SEED_LENGTH } from "../engine/abi.ts";
import { loadConfig, resolveConfig } from "./config/file.ts";
import { buildRegistry } from "./config/registry.ts";
import { checkSanity } from "./config/sanity.ts";
import type { Config } from "./config/values.ts";
import { DAEMON_USAGE, type DaemonArgs, parseDaemonArgs, planDialect, planPathMtu } from "./daemon-args.ts";
import { isSubnetraError, subnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { wipeKeys } from "./memory.ts";
import { networkPlan } from "./network-plan.ts";
import { oneLine } from "./printable.ts";
import { openNode, type RunningNode } from "./running-node.ts";
import { StartFailure, step } from "./start-failure.ts";
import { STDERR, STDOUT } from "./sys.ts";
import { VERSION } from "./version.ts";

/** Nothing runs: the process should exit with this status. */
export interface Finished {
  readonly exit: number;
}

/** Linux cuts longer interface names without a word. */
const MAX_DEVICE_NAME = 15;

/**
 * Starts a daemon, or does what its arguments ask for instead. Requested output goes to standard output, errors and
 * the ready line to standard error.
 *
 * @param args the arguments without the program's name
 */
export function startDaemon(host: Host, args: string[]): Finished | RunningNode {
  try {
    return start(host, args);
  } catch (error) {
    host.engine.call.wipe();
    if (!(error instanceof StartFailure)) throw error;
    host.sys.print(STDERR, error.text);
    return { exit: 1 };
  }
}

function start(host: Host, argv: string[]): Finished | RunningNode {
  const { sys } = host;
  const args = readArgs(argv);
  if (args.mode === "help") return finish(host, DAEMON_USAGE);
  if (args.mode === "version") return finish(host, `subnetra v${VERSION}\n`);
  const source = step(
    (code) => `config path invalid: ${code}`,
    () => resolveConfig(host, args.config),
  );
  const config = step(
    (code) => `config load failed (${oneLine(source.path)}): ${code}`,
    () => loadConfig(host, source),
  );
  setUpEngine(host, config);
  if (args.mode === "check") return finish(host, `${describe(config)}) [config ok]\n`);
  const device = (sys.env("SUBNETRA_TUN") || "snr0").substring(0, MAX_DEVICE_NAME);
  if (args.mode === "plan") return finish(host, renderPlan(host, args, config, device));
  return openNode(host, config, {
    device,
    savedRules: args.policy !== null ? args.policy : config.policyFile,
    banner: `${describe(config)}, obfuscate=${config.obfuscate})`,
  });
}

function finish(host: Host, output: string): Finished {
  host.engine.call.wipe();
  host.sys.print(STDOUT, output);
  return { exit: 0 };
}

function readArgs(argv: string[]): DaemonArgs {
  try {
    return parseDaemonArgs(argv);
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    const what = error.code === "UnknownArgument" ? "unknown argument" : "missing value for argument";
    throw new StartFailure(`${what}: ${oneLine(error.detail)}\n\n${DAEMON_USAGE}error: ${error.code}\n`);
  }
}

/** Sanity, boot epoch and registry: steps 3 to 5. No key is left in the configuration afterwards. */
function setUpEngine(host: Host, config: Config): void {
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

function layOut(host: Host, config: Config): void {
  const needed = host.engine.call.init(config.maxPeers, config.maxRules, DEFAULT_RX_BUFFERS);
  if (needed !== 0) {
    const what = `${config.maxPeers} peers and ${config.maxRules} rules need ${needed} bytes`;
    throw subnetraError("OutOfMemory", "", what);
  }
}

function takeEpoch(host: Host): void {
  // Digits that a coarse clock lacks. Where even the secure source fails, a spoke that needs it says so later.
  host.sys.random(host.engine.call.region(REGION_SEED), SEED_LENGTH);
  host.sys.clock(host.engine.call.region(REGION_CLOCK));
  if (host.engine.call.startEpoch() !== OK) {
    throw subnetraError("ClockUnavailable", "", "the clock is missing or before 2024-01-01");
  }
}

function renderPlan(host: Host, args: DaemonArgs, config: Config, device: string): string {
  const mtu = step(
    () => `invalid --path-mtu value: ${oneLine(args.pathMtu!)}`,
    () => planPathMtu(args),
  );
  const dialect = step(
    () => `invalid --dialect value: ${oneLine(args.dialect!)}`,
    () => planDialect(args, host.sys.os),
  );
  // The utun number is known only after the start.
  return networkPlan(config, dialect, dialect === "macos" ? "utunN" : device, mtu);
}

/** The line of --check and of the ready line up to where they part. */
function describe(config: Config): string {
  const ports = config.listenPorts.join(", ");
  return (
    `subnetra v${VERSION} (mtu=${config.mtu}, udp_ports={ ${ports} }, mode=raw_direct, ` +
    `local_id=${config.localId}, peers=${config.peers.length}`
  );
}
