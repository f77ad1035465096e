// `status` for people, control-protocol.md §6.

import type { Engine } from "../../engine/exports.ts";
import { fieldText } from "../escape.ts";
import { COUNTER_NAMES, type CounterName } from "./counters.ts";
import {
  joinSources,
  type NodeIdentity,
  readCounters,
  readPeer,
  type StatusForm,
  uptimeSeconds,
  wholeStatus,
} from "./status.ts";

export class TextForm implements StatusForm {
  readonly refusal = "status unavailable\n";
  private readonly engine: Engine;
  private readonly node: NodeIdentity;

  constructor(engine: Engine, node: NodeIdentity) {
    this.engine = engine;
    this.node = node;
  }

  head(): string {
    const { node } = this;
    const count = this.engine.call.peerCount();
    return (
      `subnetra v${node.version} [running]\n` +
      `mode=raw_direct local_id=${node.localId} udp_port=${node.ports[0]} tun=${fieldText(node.tun)} peers=${count}\n` +
      "peers:\n"
    );
  }

  peer(index: number): string {
    const peer = readPeer(this.engine, index);
    const label = this.node.labels[index] || "";
    // In one step: Duktape hashes and stores the result of every addition.
    return "  id=".concat(
      `${peer.id}`,
      label === "" ? "" : " name=",
      label,
      " endpoint=",
      peer.endpoint,
      " allowed_src=",
      joinSources(peer, ","),
      " last_seen_wall_ns=",
      peer.lastSeen,
      peer.unclaimed === "0" ? "\n" : ` unclaimed=${peer.unclaimed}\n`,
    );
  }

  tail(): string {
    const c = readCounters(this.engine);
    const lines = [
      "traffic:",
      traffic("tun_rx", c, "tun_rx_packets"),
      traffic("udp_tx", c, "udp_tx_packets"),
      traffic("udp_rx", c, "udp_rx_packets"),
      traffic("tun_tx", c, "tun_tx_packets"),
      traffic("relay ", c, "relay_packets"),
      `  endpoint_learned=${c[at("udp_endpoint_learned")]}`,
      `  keepalive rx=${c[at("keepalive_rx")]} tx=${c[at("keepalive_tx")]}`,
      "drops:",
      drops("tun", TUN_DROPS, c),
      drops("udp", UDP_DROPS, c),
    ];
    const { node } = this;
    const lost = node.socketDrops();
    lines.push(
      "node:",
      `  role=${node.role} obfuscate=${node.obfuscate} uptime_seconds=${uptimeSeconds(this.engine, node)}` +
        ` socket_drops=${lost < 0 ? "unknown" : lost}`,
      `  listen_ports=${node.ports.join(",")}`,
    );
    const warnings = node.warnings();
    if (warnings.length > 0) lines.push("warnings:");
    for (let i = 0; i < warnings.length; i++) lines.push(`  ${warnings[i]}`);
    lines.push("");
    return lines.join("\n");
  }
}

function at(name: CounterName): number {
  return COUNTER_NAMES.indexOf(name);
}

/** The counter of packets, and of bytes behind it. */
function traffic(label: string, counters: string[], packets: CounterName): string {
  const first = at(packets);
  return `  ${label} packets=${counters[first]} bytes=${counters[first + 1]}`;
}

/** A drop counter's index, and its label with what stands around it. */
interface Drop {
  readonly index: number;
  readonly label: string;
  readonly ours: boolean;
}

/** The drop counters of a group, looked up once. */
function dropsOf(group: string): Drop[] {
  const prefix = `drop_${group}_`;
  const found: Drop[] = [];
  for (let i = 0; i < COUNTER_NAMES.length; i++) {
    const name = COUNTER_NAMES[i]!;
    if (name.indexOf(prefix) === 0) {
      const label = name.substring(prefix.length);
      found.push({ index: i, label: ` ${label}=`, ours: label === "unknown_endpoint" });
    }
  }
  return found;
}

const TUN_DROPS = dropsOf("tun");
const UDP_DROPS = dropsOf("udp");

function drops(group: string, of: readonly Drop[], counters: string[]): string {
  const parts = [`  ${group}:`];
  for (let i = 0; i < of.length; i++) {
    const { index, label, ours } = of[i]!;
    // What the original does not count is not shown until there is something to show.
    if (!ours || counters[index] !== "0") parts.push(label, counters[index]!);
  }
  return parts.join("");
}

/** The whole reply, ending with a newline. REGION_CLOCK should be fresh. */
export function statusText(engine: Engine, node: NodeIdentity): string {
  return wholeStatus(new TextForm(engine, node), engine.call.peerCount());
}
