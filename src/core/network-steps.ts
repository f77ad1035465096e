// What a node's interface needs, daemon-cli.md §5: one list of steps, printed as the network plan (network-plan.ts) or
// done by the daemon itself (bring-up.ts), so that the two agree.

import { type Cidr, coversEverything, formatCidr, hostPrefix, networkOf, overlaps } from "./cidr.ts";
import type { Config } from "./config/values.ts";

export type Dialect = "linux" | "macos";

/** Sets the interface's MTU and brings it up. */
export interface LinkStep {
  readonly kind: "link";
  readonly mtu: number;
}
/** Gives the interface an address, with the length of its network. */
export interface AddressStep {
  readonly kind: "address";
  readonly prefix: Cidr;
}
/** Sends a prefix, host bits cleared, through the interface. */
export interface RouteStep {
  readonly kind: "route";
  readonly prefix: Cidr;
}
/** Nothing to do: local_tun_ip is unset. */
export interface NoAddress {
  readonly kind: "no-address";
}
/** Nothing to do: a default route is never made. */
export interface NoRoute {
  readonly kind: "no-route";
  readonly peer: number;
}
/** Nothing to do: the address brings the route to its own network along. */
export interface Connected {
  readonly kind: "connected";
  readonly prefix: Cidr;
}

export type NetworkStep = LinkStep | AddressStep | RouteStep | NoAddress | NoRoute | Connected;

/**
 * The steps in the order in which they are done: link, address, routes.
 *
 * Routes come from each peer's allowed_src, in peer order, and on a spoke from what its rules send to the hub:
 * remote_routes, or without any virtual_subnet, if the node's own address lies in it. Each prefix once.
 *
 * @param dialect on Linux an address brings the route to its network along, on macOS it does not
 */
export function networkSteps(config: Config, dialect: Dialect): NetworkStep[] {
  const ip = config.localTunIp;
  const steps: NetworkStep[] = [
    { kind: "link", mtu: config.mtu },
    ip === null ? { kind: "no-address" } : { kind: "address", prefix: ip },
  ];
  const own = ip !== null && dialect === "linux" ? formatCidr(networkOf(ip)) : "";
  const seen: { [prefix: string]: boolean } = {};
  const add = (cidr: Cidr): void => {
    const prefix = networkOf(cidr);
    const text = formatCidr(prefix);
    if (seen[text] === true) return;
    seen[text] = true;
    steps.push(text === own ? { kind: "connected", prefix } : { kind: "route", prefix });
  };
  for (let i = 0; i < config.peers.length; i++) {
    const peer = config.peers[i]!;
    for (let k = 0; k < peer.allowedSrcs.length; k++) {
      if (coversEverything(peer.allowedSrcs[k]!)) steps.push({ kind: "no-route", peer: peer.id });
      else add(peer.allowedSrcs[k]!);
    }
  }
  const more = config.role === "spoke" ? spokeRoutes(config) : [];
  for (let i = 0; i < more.length; i++) if (!coversEverything(more[i]!)) add(more[i]!);
  return steps;
}

/** Where a spoke's rules lead to the hub. A virtual_subnet without the node itself is the default, or a mistake. */
function spokeRoutes(config: Config): readonly Cidr[] {
  if (config.remoteRoutes.length > 0) return config.remoteRoutes;
  const ip = config.localTunIp;
  return ip !== null && overlaps(config.virtualSubnet, hostPrefix(ip)) ? [config.virtualSubnet] : [];
}

/** The Linux command of a step that does something, else "". */
export function linuxCommand(step: NetworkStep, device: string): string {
  if (step.kind === "link") return `ip link set ${device} mtu ${step.mtu} up`;
  if (step.kind === "address") return `ip addr add ${formatCidr(step.prefix)} dev ${device}`;
  if (step.kind === "route") return `ip route add ${formatCidr(step.prefix)} dev ${device}`;
  return "";
}
