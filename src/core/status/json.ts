// `status --json`, control-protocol.md §7: one object on one line, keys in a fixed order, no newline at the end.

import type { Engine } from "../../engine/exports.ts";
import { ONLINE_SECONDS } from "../limits.ts";
import { type NodeIdentity, readCounters, readPeer } from "./status.ts";

/** Raised only when a key is removed, renamed or retyped. */
export const SCHEMA_VERSION = 1;

/** Names of the counters in the order of COUNTER_*. */
export const COUNTER_NAMES = [
  "tun_rx_packets",
  "tun_rx_bytes",
  "udp_tx_packets",
  "udp_tx_bytes",
  "udp_rx_packets",
  "udp_rx_bytes",
  "tun_tx_packets",
  "tun_tx_bytes",
  "relay_packets",
  "relay_bytes",
  "udp_endpoint_learned",
  "keepalive_rx",
  "keepalive_tx",
  "drop_tun_not_ipv4",
  "drop_tun_no_route",
  "drop_tun_drop_rule",
  "drop_tun_local_loop",
  "drop_tun_unknown_target",
  "drop_tun_oversized",
  "drop_tun_egress_err",
  "drop_tun_send_err",
  "drop_udp_unknown_peer",
  "drop_udp_auth_or_invalid",
  "drop_udp_scan_budget",
  "drop_udp_not_ipv4",
  "drop_udp_spoof",
  "drop_udp_no_route",
  "drop_udp_drop_rule",
  "drop_udp_unknown_target",
  "drop_udp_no_reflect",
  "drop_udp_oversized",
  "drop_udp_send_err",
];

/** The reply. REGION_CLOCK must be fresh: ages are counted from it. */
export function statusJson(engine: Engine, node: NodeIdentity): string {
  const peers: string[] = [];
  for (let i = 0; i < engine.call.peerCount(); i++) peers.push(peerJson(engine, i, node.names[i] || ""));
  const values = readCounters(engine);
  const counters: string[] = [];
  for (let i = 0; i < values.length; i++) counters.push(`"${COUNTER_NAMES[i]}":${values[i]}`);
  return (
    `{"schema_version":${SCHEMA_VERSION},"version":"${escapeText(node.version)}","mode":"raw_direct",` +
    `"local_id":${node.localId},"listen_port":${node.port},"tun":"${escapeText(node.tun)}",` +
    `"peers":[${peers.join(",")}],"counters":{${counters.join(",")}}}`
  );
}

function peerJson(engine: Engine, index: number, name: string): string {
  const peer = readPeer(engine, index);
  const online = peer.age >= 0 && peer.age <= ONLINE_SECONDS;
  return (
    `{"id":${peer.id},"name":"${escapeText(name)}","endpoint":"${peer.endpoint}",` +
    `"allowed_src":"${peer.allowedSrc}","last_seen_wall_ns":${peer.lastSeen},` +
    `"last_seen_age_seconds":${peer.age < 0 ? "null" : peer.age},"online":${online}}`
  );
}

/** Names are printable ASCII already, so only the quote and the backslash need an escape. */
function escapeText(text: string): string {
  return text.split("\\").join("\\\\").split('"').join('\\"');
}
