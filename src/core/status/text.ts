// `status` for people, control-protocol.md §6.

import * as abi from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { type NodeIdentity, readCounters, readPeer } from "./status.ts";

/** The reply, ending with a newline. REGION_CLOCK should be fresh. */
export function statusText(engine: Engine, node: NodeIdentity): string {
  const count = engine.call.peerCount();
  const lines = [
    `subnetra v${node.version} [running]`,
    `mode=raw_direct local_id=${node.localId} udp_port=${node.port} tun=${node.tun} peers=${count}`,
    "peers:",
  ];
  for (let i = 0; i < count; i++) lines.push(peerLine(engine, i, node.names[i] || ""));
  const c = readCounters(engine);
  lines.push(
    "traffic:",
    traffic("tun_rx", c, abi.COUNTER_TUN_RX_PACKETS),
    traffic("udp_tx", c, abi.COUNTER_UDP_TX_PACKETS),
    traffic("udp_rx", c, abi.COUNTER_UDP_RX_PACKETS),
    traffic("tun_tx", c, abi.COUNTER_TUN_TX_PACKETS),
    traffic("relay ", c, abi.COUNTER_RELAY_PACKETS),
    `  endpoint_learned=${c[abi.COUNTER_UDP_ENDPOINT_LEARNED]}`,
    `  keepalive rx=${c[abi.COUNTER_KEEPALIVE_RX]} tx=${c[abi.COUNTER_KEEPALIVE_TX]}`,
    "drops:",
    drops("tun", c, abi.COUNTER_DROP_TUN_NOT_IPV4, TUN_DROPS),
    drops("udp", c, abi.COUNTER_DROP_UDP_UNKNOWN_PEER, UDP_DROPS),
    "",
  );
  return lines.join("\n");
}

/** Labels of consecutive counters. */
const TUN_DROPS = [
  "not_ipv4",
  "no_route",
  "drop_rule",
  "local_loop",
  "unknown_target",
  "oversized",
  "egress_err",
  "send_err",
];
const UDP_DROPS = [
  "unknown_peer",
  "auth_or_invalid",
  "scan_budget",
  "not_ipv4",
  "spoof",
  "no_route",
  "drop_rule",
  "unknown_target",
  "no_reflect",
  "oversized",
  "send_err",
];

function peerLine(engine: Engine, index: number, name: string): string {
  const peer = readPeer(engine, index);
  const label = name === "" ? "" : ` name=${name}`;
  return `  id=${peer.id}${label} endpoint=${peer.endpoint} allowed_src=${peer.allowedSrc} last_seen_wall_ns=${peer.lastSeen}`;
}

function traffic(label: string, counters: string[], first: number): string {
  return `  ${label} packets=${counters[first]} bytes=${counters[first + 1]}`;
}

function drops(label: string, counters: string[], first: number, names: string[]): string {
  let line = `  ${label}:`;
  for (let i = 0; i < names.length; i++) line += ` ${names[i]}=${counters[first + i]}`;
  return line;
}
