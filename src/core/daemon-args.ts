// Arguments of subnetrad, daemon-cli.md §1.

import { parseDecimal } from "./decimal.ts";
import { isSubnetraError, quoted, subnetraError } from "./errors.ts";
import { DEFAULT_PATH_MTU } from "./network-plan.ts";
import type { Dialect } from "./network-steps.ts";

export interface DaemonArgs {
  readonly mode: "help" | "version" | "check" | "plan" | "run";
  readonly config: string | null;
  readonly policy: string | null;
  /** Set the interface up. */
  readonly up: boolean;
  /** Whether warnings of --check are errors. */
  readonly strict: boolean;
  /** Text of --path-mtu and --dialect, looked at only when the plan is printed. */
  readonly pathMtu: string | null;
  readonly dialect: string | null;
}

export const DAEMON_USAGE = `usage: subnetrad [--up] [--config PATH] [--policy FILE]
       subnetrad --check [--strict] [--path-mtu N] [--policy FILE]
                 [--config PATH]
       subnetrad --print-network-plan [--path-mtu N] [--dialect linux|macos]
                 [--config PATH]

  --config PATH          configuration file
                         (default: $SUBNETRA_CONFIG, else config.json)
  --up                   set the interface up as the plan says
  --policy FILE          saved rules to add at start (subnetra save)
  --check                validate the configuration, warn of mistakes, exit
  --strict               with --check: warnings are errors
  --print-network-plan   print the host commands for this node and exit
  --path-mtu N           MTU of the underlay path, for both (default ${DEFAULT_PATH_MTU})
  --dialect NAME         plan for linux or macos (default: this system)
  -h, --help             print this text
  -V, --version          print the version

Environment: SUBNETRA_CONFIG, SUBNETRA_SOCK (control socket), SUBNETRA_TUN
(interface, default snr0), SUBNETRA_UP (1: like --up)

Examples:
  subnetrad --check --config /etc/subnetra/config.json
  subnetrad --print-network-plan --config /etc/subnetra/config.json
  sudo subnetrad --up --config /etc/subnetra/config.json
`;

const VALUE_FLAGS = ["--config", "--policy", "--path-mtu", "--dialect"];

/**
 * Parses the arguments (without the program's name). Help, then version, win wherever they stand.
 *
 * @throws SubnetraError UnknownArgument or MissingValue, with the argument as detail; InvalidArgument
 */
export function parseDaemonArgs(args: string[]): DaemonArgs {
  if (has(args, "-h", "--help")) return only("help");
  if (has(args, "-V", "--version")) return only("version");
  const values: (string | null)[] = [null, null, null, null];
  let check = false;
  let plan = false;
  let up = false;
  let strict = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const flag = VALUE_FLAGS.indexOf(arg);
    if (flag >= 0) {
      if (i + 1 >= args.length) throw subnetraError("MissingValue", "", arg);
      i++;
      // The first occurrence counts.
      if (values[flag] === null) values[flag] = args[i]!;
    } else if (arg === "--check") check = true;
    else if (arg === "--up") up = true;
    else if (arg === "--strict") strict = true;
    else if (arg === "--print-network-plan") plan = true;
    else throw subnetraError("UnknownArgument", "", arg);
  }
  if (strict && !check) throw subnetraError("InvalidArgument", "", "--strict goes with --check");
  return {
    mode: check ? "check" : plan ? "plan" : "run",
    config: values[0]!,
    policy: values[1]!,
    up,
    strict,
    pathMtu: values[2]!,
    dialect: values[3]!,
  };
}

/**
 * Whether arguments of `subnetra` ask for the plan, which startDaemon then prints or refuses: the product's pages call
 * it by that name too. Never true for arguments that would start a daemon.
 */
export function asksForPlan(args: string[]): boolean {
  if (args.indexOf("--print-network-plan") < 0 || args[0]!.charAt(0) !== "-") return false;
  if (has(args, "-h", "--help") || has(args, "-V", "--version")) return false;
  try {
    return parseDaemonArgs(args).mode === "plan";
  } catch (error) {
    return isSubnetraError(error);
  }
}

function has(args: string[], short: string, long: string): boolean {
  return args.indexOf(short) >= 0 || args.indexOf(long) >= 0;
}

function only(mode: "help" | "version"): DaemonArgs {
  return { mode, config: null, policy: null, up: false, strict: false, pathMtu: null, dialect: null };
}

/** The path MTU for the plan. @throws SubnetraError InvalidArgument */
export function planPathMtu(args: DaemonArgs): number {
  const text = args.pathMtu;
  if (text === null) return DEFAULT_PATH_MTU;
  const value = parseDecimal(text, 0, text.length, 65535);
  if (value >= 0) return value;
  throw subnetraError(
    "InvalidArgument",
    "",
    `${quoted(text)} is not a number from 0 to 65535`,
    "write for example 1420",
  );
}

/** The plan's dialect. @throws SubnetraError InvalidArgument */
export function planDialect(args: DaemonArgs, native: Dialect): Dialect {
  const text = args.dialect;
  if (text === null) return native;
  if (text === "linux" || text === "macos") return text;
  throw subnetraError("InvalidArgument", "", `${quoted(text)} is not a dialect`, "write linux or macos");
}
