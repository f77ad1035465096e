// Every counter, in the order of COUNTER_* and of control-protocol.md §7.
//
// This is the one list: `node scripts/counter-table.mjs` writes the constants in src/engine/abi.ts and
// docs/counters.md from it, and a test compares them. To add a counter, add its name here and what it means in
// COUNTER_NOTES, run the script, and count it where it happens.

/** Names in the JSON. `drop_<group>_<label>` are the drops of the text form. */
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
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];
