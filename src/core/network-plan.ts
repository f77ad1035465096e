// The host commands for a node, daemon-cli.md §5. Text only: nothing is executed.

import { HEADER_LENGTH, TAG_LENGTH } from "../engine/abi.ts";
import { coversEverything, formatCidr, formatHost, networkOf } from "./cidr.ts";
import type { Config } from "./config/values.ts";

export type Dialect = "linux" | "macos";

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
const MACOS_HINT = [
  "# optional: clamp TCP MSS to the tunnel path (avoids PMTU blackholes):",
  "#   pf: add to /etc/pf.conf, then `pfctl -f /etc/pf.conf`:",
  "#     scrub out on <iface> max-mss <tunnel_mtu - 40>",
];

/**
 * Renders the plan as a byte string (UTF-8), newline at the end.
 *
 * @param device interface name; on macOS the placeholder utunN
 * @param pathMtu MTU of the underlay path, 0 … 65535
 */
export function networkPlan(config: Config, dialect: Dialect, device: string, pathMtu: number): string {
  const recommended = pathMtu > OVERHEAD ? pathMtu - OVERHEAD : 0;
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
  if (dialect === "linux") addLinuxAddress(lines, config, device);
  else addMacosAddress(lines, config, device);
  lines.push("# routes to remote subnets reachable via the tunnel:");
  addRoutes(lines, config, dialect, device);
  lines.push("");
  const hint = dialect === "linux" ? LINUX_HINT : MACOS_HINT;
  return `${lines.concat(hint).join("\n")}\n`;
}

const UNSET = "# set the local TUN address (config 'local_tun_ip' is unset):";

function addLinuxAddress(lines: string[], config: Config, device: string): void {
  lines.push(`ip link set ${device} mtu ${config.mtu} up`);
  const ip = config.localTunIp;
  if (ip === null) lines.push(UNSET, `#   ip addr add <A.B.C.D/prefix> dev ${device}`);
  else lines.push(`ip addr add ${formatCidr(ip)} dev ${device}`);
}

function addMacosAddress(lines: string[], config: Config, device: string): void {
  const ip = config.localTunIp;
  if (ip === null) {
    lines.push(UNSET, `#   ifconfig ${device} inet <A.B.C.D> <A.B.C.D> mtu ${config.mtu} up`);
    return;
  }
  // The interface is point to point: the same address serves both ends.
  const address = formatHost(ip);
  lines.push(`ifconfig ${device} inet ${address} ${address} mtu ${config.mtu} up`);
}

function addRoutes(lines: string[], config: Config, dialect: Dialect, device: string): void {
  let routes = 0;
  for (let i = 0; i < config.peers.length; i++) {
    const peer = config.peers[i]!;
    if (coversEverything(peer.allowedSrc)) {
      lines.push(
        `# (peer id ${peer.id}: allowed_src is 0.0.0.0/0 ${DASH} no route emitted; set a specific prefix)`,
      );
      continue;
    }
    const prefix = formatCidr(networkOf(peer.allowedSrc));
    lines.push(
      dialect === "linux"
        ? `ip route add ${prefix} dev ${device}`
        : `route add -net ${prefix} -interface ${device}`,
    );
    routes++;
  }
  if (routes === 0) lines.push("# (no specific remote subnets configured)");
}
