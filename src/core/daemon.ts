// The daemon from its arguments to its last turn, in the order of daemon-cli.md §2. On Node the whole start runs a
// second time after dropPrivileges, so nothing is printed before that point unless the start fails or ends.

import { Check } from "./check.ts";
import { type ConfigSource, type LoadedConfig, loadConfig, resolveConfig } from "./config/file.ts";
import { Remarks } from "./config/remarks.ts";
import type { Config } from "./config/values.ts";
import { DAEMON_USAGE, type DaemonArgs, parseDaemonArgs, planDialect, planPathMtu } from "./daemon-args.ts";
import { isSubnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { networkPlan, recommendedMtu } from "./network-plan.ts";
import { oneLine } from "./printable.ts";
import { openNode, type RunningNode } from "./running-node.ts";
import { layOutEngine } from "./setup.ts";
import { StartFailure, startFailure, step } from "./start-failure.ts";
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
  if (args.mode === "check") return checkConfig(host, args, source);
  const { config, warnings } = load(host, source);
  layOutEngine(host, config);
  if (args.mode !== "run") sys.print(STDERR, warnings);
  const device = (sys.env("SUBNETRA_TUN") || "snr0").substring(0, MAX_DEVICE_NAME);
  if (args.mode === "plan") return finish(host, renderPlan(host, args, config, device));
  return openNode(host, config, {
    device,
    up: args.up || sys.env("SUBNETRA_UP") === "1",
    savedRules: savedRules(args, config),
    snapshot: config.policyFile,
    notices: warnings,
    banner: `${describe(config)}, obfuscate=${config.obfuscate})`,
  });
}

function load(host: Host, source: ConfigSource, remarks = new Remarks()): LoadedConfig {
  return step(
    (code) => `config load failed (${oneLine(source.path)}): ${code}`,
    () => loadConfig(host, source, remarks),
  );
}

function checkConfig(host: Host, args: DaemonArgs, source: ConfigSource): Finished {
  const mtu = pathMtu(args);
  const remarks = new Remarks();
  const check = new Check(host, remarks);
  let ok = "";
  try {
    const { config } = load(host, source, remarks);
    ok = `${describe(config)}) [config ok]\n`;
    check.run(config, savedRules(args, config), recommendedMtu(mtu));
  } catch (error) {
    throw error instanceof StartFailure ? check.failure(error) : error;
  }
  const { count } = check;
  const strict = args.strict && count > 0;
  const verdict = strict ? `config check failed: ${count} warning${count === 1 ? "" : "s"} (--strict)\n` : "";
  host.sys.print(STDERR, check.text + verdict);
  if (!strict) return finish(host, ok);
  host.engine.call.wipe();
  return { exit: 1 };
}

/** Path of the saved rules, or null. */
function savedRules(args: DaemonArgs, config: Config): string | null {
  return args.policy !== null ? args.policy : config.policyFile;
}

function pathMtu(args: DaemonArgs): number {
  return step(
    () => `invalid --path-mtu value: ${oneLine(args.pathMtu!)}`,
    () => planPathMtu(args),
  );
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
    if (error.code === "InvalidArgument") throw startFailure("invalid argument: --strict", error);
    const what = error.code === "UnknownArgument" ? "unknown argument" : "missing value for argument";
    throw new StartFailure(`${what}: ${oneLine(error.detail)}\n\n${DAEMON_USAGE}error: ${error.code}\n`);
  }
}

function renderPlan(host: Host, args: DaemonArgs, config: Config, device: string): string {
  const mtu = pathMtu(args);
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
