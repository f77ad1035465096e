// The daemon from its arguments to its last turn, in the order of daemon-cli.md §2. On Node the whole start runs a
// second time after dropPrivileges, so nothing is printed before that point unless the start fails or ends.

import { loadConfig, resolveConfig } from "./config/file.ts";
import type { Config } from "./config/values.ts";
import { DAEMON_USAGE, type DaemonArgs, parseDaemonArgs, planDialect, planPathMtu } from "./daemon-args.ts";
import { isSubnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { networkPlan } from "./network-plan.ts";
import { oneLine } from "./printable.ts";
import { openNode, type RunningNode } from "./running-node.ts";
import { layOutEngine } from "./setup.ts";
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
  const { config, warnings } = step(
    (code) => `config load failed (${oneLine(source.path)}): ${code}`,
    () => loadConfig(host, source),
  );
  layOutEngine(host, config);
  if (args.mode !== "run") sys.print(STDERR, warnings);
  if (args.mode === "check") return finish(host, `${describe(config)}) [config ok]\n`);
  const device = (sys.env("SUBNETRA_TUN") || "snr0").substring(0, MAX_DEVICE_NAME);
  if (args.mode === "plan") return finish(host, renderPlan(host, args, config, device));
  return openNode(host, config, {
    device,
    up: args.up || sys.env("SUBNETRA_UP") === "1",
    savedRules: args.policy !== null ? args.policy : config.policyFile,
    snapshot: config.policyFile,
    notices: warnings,
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
