// The interface against the plan, and the ways to the peers below the overlay.

import { type Cidr, formatCidr, hostPrefix, networkOf, overlaps } from "../cidr.ts";
import type { Config } from "../config/values.ts";
import { type Facts, isUnread, type PathFacts, type Route } from "./facts.ts";
import type { Findings } from "./finding.ts";
import { judgePacket } from "./packet-filter.ts";
import { requiredSetup, type Wish } from "./required-setup.ts";

/** Wire header, tag, outer UDP and IPv4 header. */
const OVERHEAD = 64;
const AS_ROOT = "run the doctor as root";

export function checkInterface(facts: Facts, findings: Findings) {
  const { config } = facts.config;
  const { device } = facts.network;
  // Without a daemon there is no interface, which the daemon's line says already.
  if (facts.daemon.state === "absent" && !device.present) return;
  if (!device.present) {
    const text = `there is no interface ${device.name} in this network namespace`;
    return findings.fail("interface.up", text, "run the doctor where the daemon runs; restart the daemon");
  }
  const setup = config === null ? null : requiredSetup(config, device.name);
  const link = setup === null || setup.link === null ? null : setup.link;
  const bring = link === null ? `ip link set ${device.name} up` : link.command;
  if (!device.up)
    findings.fail("interface.up", `${device.name} is down: the network plan was not applied`, bring);
  else findings.pass("interface.up", `${device.name} is up`);
  if (link !== null && device.mtu !== link.value) {
    const text = `${device.name} has MTU ${device.mtu}, the configuration says ${link.value}`;
    if (device.mtu > link.value) findings.fail("interface.mtu", text, link.command);
    else findings.warn("interface.mtu", text, link.command);
  } else if (link !== null) findings.pass("interface.mtu", `${device.name} has MTU ${device.mtu}`);
  if (setup === null || config === null) return;
  checkAddresses(facts, setup.addresses, findings);
  checkRoutes(facts, setup.routes, findings);
  checkReversePath(facts, setup.routes, findings);
  checkForwarding(facts, config, findings);
}

function checkAddresses(facts: Facts, wishes: readonly Wish<Cidr>[], findings: Findings) {
  const { name, addresses, up } = facts.network.device;
  for (let i = 0; i < wishes.length; i++) {
    const { value, command } = wishes[i]!;
    let bits = -1;
    for (let k = 0; k < addresses.length; k++)
      if (addresses[k]!.address === value.address) bits = addresses[k]!.bits;
    if (bits === value.bits) findings.pass("interface.address", `${name} has ${formatCidr(value)}`);
    else if (bits >= 0) {
      const text = `${name} has ${formatCidr({ address: value.address, bits })}, the configuration says /${value.bits}`;
      findings.warn("interface.address", text, command);
    } else if (up)
      findings.fail("interface.address", `${name} has not the address ${formatCidr(value)}`, command);
    // A system may hide the addresses of an interface that is down.
    else findings.fail("interface.address", `${name} shows no address while it is down`, command);
  }
}

/** The interface that the longest route to a whole prefix leads to, "" for none. */
function routed(routes: readonly Route[], prefix: Cidr, device: string): string {
  let best = -1;
  let to = "";
  for (let i = 0; i < routes.length; i++) {
    const route = routes[i]!;
    if (route.prefix.bits > prefix.bits || !overlaps(route.prefix, prefix)) continue;
    if (route.prefix.bits < best || (route.prefix.bits === best && route.device !== device)) continue;
    best = route.prefix.bits;
    to = route.device;
  }
  return to;
}

function missing(facts: Facts, wishes: readonly Wish<Cidr>[]): Wish<Cidr>[] {
  const { routes, device } = facts.network;
  if (isUnread(routes)) return [];
  return wishes.filter(({ value }) => routed(routes, networkOf(value), device.name) !== device.name);
}

function checkRoutes(facts: Facts, wishes: readonly Wish<Cidr>[], findings: Findings) {
  const { routes, device } = facts.network;
  if (isUnread(routes)) return findings.skip("interface.routes", routes.unread, AS_ROOT);
  const lost = missing(facts, wishes);
  for (let i = 0; i < lost.length && i < 8; i++) {
    const { value, command } = lost[i]!;
    const to = routed(routes, networkOf(value), device.name);
    const where = to === "" ? "nowhere" : `to ${to}`;
    const text = `${formatCidr(value)} is routed ${where}, not to ${device.name}: the plan was not applied`;
    findings.fail("interface.routes", text, command);
  }
  if (lost.length === 0) {
    const text = wishes.length === 0 ? "the plan has no routes" : `all ${wishes.length} route(s) of the plan`;
    findings.pass("interface.routes", text);
  }
}

function checkReversePath(facts: Facts, wishes: readonly Wish<Cidr>[], findings: Findings) {
  const { reversePath, device, routes } = facts.network;
  if (isUnread(reversePath)) return findings.skip("interface.rp_filter", reversePath.unread, AS_ROOT);
  const value = Math.max(reversePath.device, reversePath.all);
  if (value !== 1 || isUnread(routes))
    return findings.pass("interface.rp_filter", `rp_filter of ${device.name} is not strict (${value})`);
  if (missing(facts, wishes).length === 0)
    return findings.pass("interface.rp_filter", "rp_filter is strict, and the plan's prefixes are routed");
  const text = `rp_filter of ${device.name} is strict: packets from prefixes without a route to it are dropped`;
  findings.fail(
    "interface.rp_filter",
    text,
    `add the routes, or: sysctl -w net.ipv4.conf.${device.name}.rp_filter=2 (and "all")`,
  );
}

/** A node that delivers more than its own address has a LAN behind it. */
function checkForwarding(facts: Facts, config: Config, findings: Findings) {
  const own = config.localTunIp === null ? "" : formatCidr(hostPrefix(config.localTunIp));
  const lans: string[] = [];
  for (let i = 0; i < config.localRoutes.length; i++) {
    const route = formatCidr(networkOf(config.localRoutes[i]!));
    if (route !== own) lans.push(route);
  }
  if (lans.length === 0) return;
  const { forwarding, device } = facts.network;
  if (isUnread(forwarding)) findings.skip("interface.forwarding", forwarding.unread, AS_ROOT);
  else if (forwarding === 1)
    findings.pass("interface.forwarding", `this machine forwards for ${lans.join(", ")}`);
  else
    findings.fail(
      "interface.forwarding",
      `${lans.join(", ")} lies behind this node, but the machine does not forward (ip_forward is 0)`,
      "sysctl -w net.ipv4.ip_forward=1, and keep it in /etc/sysctl.d/",
    );
  if (isUnread(facts.filters)) return;
  const packet = { protocol: "", port: 0, in: device.name, out: "" };
  const verdict = judgePacket(facts.filters, ["forward"], packet);
  if (verdict.outcome === "drop")
    findings.fail(
      "firewall.forward",
      `the firewall (${verdict.where}) drops what ${device.name} forwards to the LAN`,
      `accept it there, both ways: iifname "${device.name}" and oifname "${device.name}"`,
    );
}

/** Datagrams of strangers to the listen ports: a hub must hear them; a spoke is answered where it asked. */
export function checkFirewall(facts: Facts, findings: Findings) {
  const { config } = facts.config;
  const { filters } = facts;
  if (config === null) return;
  if (isUnread(filters)) return findings.skip("firewall.input", filters.unread, AS_ROOT);
  const open: number[] = [];
  for (let i = 0; i < config.listenPorts.length; i++) {
    const port = config.listenPorts[i]!;
    const packet = { protocol: "udp", port, in: "", out: "" };
    const { outcome, where } = judgePacket(filters, ["prerouting", "input"], packet);
    const remedy = `accept it there: udp dport ${port} accept (iptables -I INPUT -p udp --dport ${port} -j ACCEPT)`;
    if (outcome === "accept") open.push(port);
    else if (config.role === "spoke") {
      // Answers to what it sent come in as an established flow.
      if (outcome === "drop") open.push(port);
    } else if (outcome === "drop")
      findings.fail("firewall.input", `the firewall (${where}) drops UDP to port ${port}`, remedy);
    else
      findings.warn(
        "firewall.input",
        `the firewall (${where}) decides on UDP to port ${port} by rules that were not understood`,
        `look there that UDP to port ${port} is accepted from anywhere`,
      );
  }
  if (open.length === 0) return;
  const how = config.role === "spoke" ? "the host's firewall lets answers in" : "the host's firewall lets in";
  findings.pass("firewall.input", `${how} (UDP ${open.join(", ")})`);
}

export function checkPaths(facts: Facts, findings: Findings) {
  const { paths } = facts.network;
  for (let i = 0; i < paths.length; i++) checkPath(facts, paths[i]!, findings);
}

function checkPath(facts: Facts, path: PathFacts, findings: Findings) {
  const { peer, endpoint, device, mtu } = path;
  const about = { peer };
  if (device === "") {
    const remedy = "add a route to it, or correct the peer's endpoint";
    return findings.fail("path.route", `no route leads to peer ${peer} at ${endpoint}`, remedy, about);
  }
  if (device === facts.network.device.name) {
    const text = `the way to peer ${peer} at ${endpoint} leads into the tunnel itself`;
    return findings.fail("path.route", text, "route the endpoint outside of the overlay's prefixes", about);
  }
  findings.pass("path.route", `peer ${peer} at ${endpoint} is reached by ${device}`, about);
  checkPathMtu(path, findings, mtu);
  if (path.refused === true)
    findings.fail(
      "path.port",
      `nobody listens at ${endpoint}: the machine of peer ${peer} refuses the port`,
      "compare the endpoint with the other side's listen_ports; look whether its daemon runs",
      about,
    );
}

function checkPathMtu({ peer, endpoint, largest, wanted }: PathFacts, findings: Findings, mtu: number) {
  const about = { peer };
  const lower = (n: number) => `set local_tun_mtu to ${n - OVERHEAD} on every node, and restart`;
  if (wanted > mtu)
    return findings.warn(
      "path.mtu",
      `the tunnel sends packets of ${wanted} bytes, the way to peer ${peer} takes ${mtu}: they are fragmented`,
      lower(mtu),
      about,
    );
  if (largest === null || largest === 0) {
    const why = largest === 0 ? "its machine answers no ping" : "not tried";
    const text = `packets of ${wanted} bytes fit the interface to peer ${peer} (beyond it: ${why})`;
    findings.pass("path.mtu", text, about);
    return;
  }
  if (largest >= wanted)
    return findings.pass("path.mtu", `packets of ${wanted} bytes reach ${endpoint} and return`, about);
  findings.fail(
    "path.mtu",
    `an MTU black hole: packets to peer ${peer} at ${endpoint} are lost above ${largest} bytes without a word, ` +
      `the tunnel sends ${wanted}`,
    `${lower(largest)}; measure with "subnetra mtu-probe"`,
    about,
  );
}
