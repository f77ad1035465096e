// The host commands for a node, daemon-cli.md §5: the steps of network-steps.ts as text. Nothing is executed.

import { HEADER_LENGTH, TAG_LENGTH } from "../engine/abi.ts";
import { formatCidr, formatHost } from "./cidr.ts";
import type { Config } from "./config/values.ts";
import { type Dialect, linuxCommand, type NetworkStep, networkSteps } from "./network-steps.ts";

/** Outer IPv4 and UDP headers. */
const OUTER_HEADERS = 28;
const OVERHEAD = HEADER_LENGTH + TAG_LENGTH + OUTER_HEADERS;
export const DEFAULT_PATH_MTU = 1500;
/** U+2014 in UTF-8: the plan is a byte string. */
const DASH = "\u00e2\u0080\u0094";

const LINUX_HINT = [
  "# optional: clamp TCP MSS to the tunnel path (avoids PMTU blackholes):",
  "#   nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu",
  "#   (iptables equivalent: iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN \\",
  "#      -j TCPMSS --clamp-mss-to-pmtu)",
];
/** IPv4 and TCP headers inside of the tunnel. */
const TCP_HEADERS = 40;

function macosHint(device: string, mtu: number): string[] {
  return [
    "# optional: clamp TCP MSS to the tunnel path (avoids PMTU blackholes):",
    "#   pf: add to /etc/pf.conf, then `pfctl -f /etc/pf.conf`:",
    `#     scrub out on ${device} max-mss ${mtu - TCP_HEADERS}`,
  ];
}

/** The largest inner packet for which the path needs no fragments, in bytes. @param pathMtu 0 … 65535 */
export function recommendedMtu(pathMtu: number): number {
  return pathMtu > OVERHEAD ? pathMtu - OVERHEAD : 0;
}

/**
 * Renders the plan as a byte string (UTF-8), newline at the end.
 *
 * @param device interface name; on macOS the placeholder utunN
 * @param pathMtu MTU of the underlay path, 0 … 65535
 */
export function networkPlan(config: Config, dialect: Dialect, device: string, pathMtu: number): string {
  const recommended = recommendedMtu(pathMtu);
  const lines = [
    `# subnetra network plan for interface '${device}'`,
    `# underlay path MTU assumed: ${pathMtu} (override with --path-mtu N)`,
    `# tunnel overhead: ${OVERHEAD} bytes (wire header ${HEADER_LENGTH} + AEAD tag ${TAG_LENGTH} + outer IPv4/UDP ${OUTER_HEADERS})`,
    `# recommended max tunnel MTU for this path: ${recommended}`,
  ];
  if (config.mtu > recommended) {
    lines.push(
      `# WARNING: configured local_tun_mtu ${config.mtu} exceeds the recommended max ${recommended};`,
      `#          packets larger than ${recommended} bytes may fragment or be silently dropped.`,
    );
  }
  lines.push("");
  const steps = networkSteps(config, dialect);
  let routes = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (i === ROUTES_FROM) lines.push(ROUTES);
    const line = dialect === "linux" ? linuxLine(step, device) : macosLine(step, device, config.mtu);
    if (line !== "") lines.push(line);
    if (step.kind === "route" || step.kind === "connected") routes++;
  }
  if (steps.length === ROUTES_FROM) lines.push(ROUTES);
  if (routes === 0) lines.push("# (no specific remote subnets configured)");
  lines.push("");
  const hint = dialect === "linux" ? LINUX_HINT : macosHint(device, config.mtu);
  return `${lines.concat(hint).join("\n")}\n`;
}

/** Link and address come before. */
const ROUTES_FROM = 2;
const ROUTES = "# routes to remote subnets reachable via the tunnel:";
const UNSET = "# set the local TUN address (config 'local_tun_ip' is unset):";

function linuxLine(step: NetworkStep, device: string): string {
  if (step.kind === "no-address") return `${UNSET}\n#   ip addr add <A.B.C.D/prefix> dev ${device}`;
  return commentOf(step) || linuxCommand(step, device);
}

/** The interface is point to point: the same address serves both ends, and MTU, address and link are one command. */
function macosLine(step: NetworkStep, device: string, mtu: number): string {
  if (step.kind === "no-address")
    return `${UNSET}\n#   ifconfig ${device} inet <A.B.C.D> <A.B.C.D> mtu ${mtu} up`;
  if (step.kind === "address") {
    const address = formatHost(step.prefix);
    return `ifconfig ${device} inet ${address} ${address} mtu ${mtu} up`;
  }
  if (step.kind === "route") return `route add -net ${formatCidr(step.prefix)} -interface ${device}`;
  return commentOf(step);
}

/** What is said of a route that is not made, "" for other steps. */
function commentOf(step: NetworkStep): string {
  if (step.kind === "no-route")
    return `# (peer id ${step.peer}: allowed_src is 0.0.0.0/0 ${DASH} no route emitted; set a specific prefix)`;
  return step.kind === "connected" ? `# (${formatCidr(step.prefix)} comes with the address)` : "";
}
