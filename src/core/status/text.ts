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
      `mode=raw_direct local_id=${node.localId} udp_port=${node.port} tun=${fieldText(node.tun)} peers=${count}\n` +
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
      drops("tun", c),
      drops("udp", c),
    ];
    const warnings = this.node.warnings();
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

function drops(group: string, counters: string[]): string {
  const prefix = `drop_${group}_`;
  let line = `  ${group}:`;
  for (let i = 0; i < COUNTER_NAMES.length; i++) {
    const name = COUNTER_NAMES[i]!;
    // What the original does not count is not shown until there is something to show.
    if (name === `${prefix}unknown_endpoint` && counters[i] === "0") continue;
    if (name.indexOf(prefix) === 0) line += ` ${name.substring(prefix.length)}=${counters[i]}`;
  }
  return line;
}

/** The whole reply, ending with a newline. REGION_CLOCK should be fresh. */
export function statusText(engine: Engine, node: NodeIdentity): string {
  return wholeStatus(new TextForm(engine, node), engine.call.peerCount());
}
