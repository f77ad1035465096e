// The files of a planned mesh: one configuration per node, the hub's own rules, and what to do with them (tools.md §4).

import {
  type Cidr,
  formatAddress,
  formatCidr,
  formatCidrs,
  formatHostPrefix,
  formatInNetwork,
} from "../cidr.ts";
import { directoryOf } from "../policy/snapshot.ts";
import { documentText, type GeneratedFile, peerText } from "./config-text.ts";
import type { MeshNodePlan, MeshPlan } from "./mesh-plan.ts";

/** Addresses for documents (RFC 5737): where a hub expects a spoke that it has not heard yet. */
const NOWHERE = ["192.0.2.", "198.51.100.", "203.0.113."];
const HOSTS_EACH = 254;

const NO_LANS: readonly Cidr[] = [];

/** What stands for an address that the inventory does not have. It is none, so no daemon starts with it. */
const HUB_PLACEHOLDER = "REPLACE_HUB_IP";

/** One prefix as a string, several as a list, which only this implementation reads. */
function allowedSrc(prefixes: readonly string[]): string {
  return prefixes.length === 1 ? `"${prefixes[0]}"` : list(prefixes);
}

function list(texts: readonly string[]): string {
  return `["${texts.join('", "')}"]`;
}

function host(address: number): string {
  return formatHostPrefix(address);
}

function common(plan: MeshPlan, node: MeshNodePlan, role: string): string[] {
  const lines = [
    `"role": "${role}"`,
    `"local_id": ${node.id}`,
    `"local_tun_mtu": ${plan.mtu}`,
    `"listen_port": ${node.port}`,
    `"virtual_subnet": "${formatCidr(plan.subnet)}"`,
    `"local_tun_ip": "${formatInNetwork(node.address, plan.subnet)}"`,
  ];
  if (!plan.obfuscate) lines.push('"obfuscate": false');
  return lines;
}

/** An endpoint for a spoke that is still to be heard: the peers of a hub may not share one. */
function unheard(port: number, taken: string[]): string {
  for (let i = 0; ; i++) {
    const endpoint = `${NOWHERE[Math.floor(i / HOSTS_EACH) % NOWHERE.length]}${1 + (i % HOSTS_EACH)}:${port}`;
    if (taken.indexOf(endpoint) >= 0) continue;
    taken.push(endpoint);
    return endpoint;
  }
}

function hubFile(plan: MeshPlan, keys: readonly string[]): GeneratedFile {
  const peers: string[] = [];
  const taken: string[] = [];
  for (let i = 0; i < plan.spokes.length; i++) taken.push(plan.spokes[i]!.endpoint);
  for (let i = 0; i < plan.spokes.length; i++) {
    const spoke = plan.spokes[i]!;
    const endpoint = spoke.endpoint === "" ? unheard(spoke.port, taken) : spoke.endpoint;
    const allowed = allowedSrc([host(spoke.address)].concat(formatCidrs(spoke.lans)));
    peers.push(peerText(spoke.id, spoke.name, endpoint, allowed, keys[i]!));
  }
  const lines = common(plan, plan.hub, "hub");
  lines.push(`"policy_file": "${plan.policyFile}"`);
  return { name: `${plan.hub.name}.json`, text: documentText(lines, peers) };
}

/** LANs behind every node but this one. */
function lansElsewhere(plan: MeshPlan, node: MeshNodePlan): string[] {
  let found = formatCidrs(plan.hub.lans);
  for (let i = 0; i < plan.spokes.length; i++)
    found = found.concat(formatCidrs(plan.spokes[i] === node ? NO_LANS : plan.spokes[i]!.lans));
  return found;
}

function spokeFile(plan: MeshPlan, spoke: MeshNodePlan, psk: string): GeneratedFile {
  const lines = common(plan, spoke, "spoke");
  const reached = [formatCidr(plan.subnet)].concat(lansElsewhere(plan, spoke));
  if (spoke.lans.length > 0)
    lines.push(`"local_routes": ${list([host(spoke.address)].concat(formatCidrs(spoke.lans)))}`);
  if (reached.length > 1) lines.push(`"remote_routes": ${list(reached)}`);
  const endpoint = plan.hub.endpoint === "" ? `${HUB_PLACEHOLDER}:${plan.hub.port}` : plan.hub.endpoint;
  const hub = peerText(plan.hub.id, plan.hub.name, endpoint, allowedSrc(reached), psk);
  return { name: `${spoke.name}.json`, text: documentText(lines, [hub]) };
}

/** A hub by role delivers nothing to itself: these rules say what is its own. */
function policyFile({ hub }: MeshPlan): GeneratedFile {
  const own = [host(hub.address)].concat(formatCidrs(hub.lans));
  let text = "";
  for (let i = 0; i < own.length; i++)
    text += `policy add --src 0.0.0.0/0 --dst ${own[i]} --action forward --target 0\n`;
  return { name: `${hub.name}.policy`, text };
}

function section(plan: MeshPlan, node: MeshNodePlan, isHub: boolean): string {
  const colon = node.endpoint.indexOf(":");
  const to = colon < 0 ? `<${node.name}>` : node.endpoint.substring(0, colon);
  const folders = isHub ? `/etc/subnetra ${directoryOf(plan.policyFile)}` : "/etc/subnetra";
  let text =
    `[ ] ${node.name} (${isHub ? "hub" : "spoke"}, id ${node.id}, ${formatAddress(node.address)})\n` +
    `    there: mkdir -p -m 700 ${folders}\n` +
    `    scp ${node.name}.json root@${to}:/etc/subnetra/config.json\n`;
  if (isHub) text += `    scp ${node.name}.policy root@${to}:${plan.policyFile}\n`;
  text += "    there: chmod 600 /etc/subnetra/config.json\n";
  text += "    there: subnetrad --check --config /etc/subnetra/config.json\n";
  if (isHub) text += `    firewall: let UDP port ${node.port} in, from anywhere\n`;
  if (node.lans.length > 0) {
    const lans = formatCidrs(node.lans).join(", ");
    text += `    behind it: ${lans}\n    there: sysctl -w net.ipv4.ip_forward=1\n`;
    text += `    hosts of that network need routes to the others by way of ${node.name}\n`;
  }
  text += "    there: systemctl enable --now subnetrad\n";
  return `${text}\n`;
}

function checklist(plan: MeshPlan): GeneratedFile {
  let text =
    `The mesh ${formatCidr(plan.subnet)}: hub ${plan.hub.name} and ${plan.spokes.length} spoke(s)\n\n` +
    "Every .json file holds secret keys. Copy each to its own node only, over a\n" +
    "channel you trust, and delete it here when the node runs. Where there is no\n" +
    "systemd, let the start script run\n" +
    "subnetrad --up --config /etc/subnetra/config.json\n\n";
  if (plan.hub.endpoint === "")
    text += `[ ] Replace ${HUB_PLACEHOLDER} in every spoke's file by the hub's public address.\n\n`;
  text += section(plan, plan.hub, true);
  for (let i = 0; i < plan.spokes.length; i++) text += section(plan, plan.spokes[i]!, false);
  text += `[ ] From any spoke: ping ${formatAddress(plan.hub.address)}; on the hub: subnetra status\n`;
  return { name: "CHECKLIST.txt", text };
}

/** All files, the checklist last. @param newKey a fresh key as 64 digits, one a link */
export function meshFiles(plan: MeshPlan, newKey: () => string): GeneratedFile[] {
  const keys: string[] = [];
  for (let i = 0; i < plan.spokes.length; i++) keys.push(newKey());
  const files = [hubFile(plan, keys), policyFile(plan)];
  for (let i = 0; i < plan.spokes.length; i++) files.push(spokeFile(plan, plan.spokes[i]!, keys[i]!));
  files.push(checklist(plan));
  return files;
}
