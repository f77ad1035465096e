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
  "drop_tun_unknown_endpoint",
  "drop_udp_unknown_endpoint",
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

/** What a counter says and what to do when it grows. For documents and metrics. */
export interface CounterNote {
  readonly meaning: string;
  /** "" where growth is normal. */
  readonly remedy: string;
}

export const COUNTER_NOTES: { readonly [name in CounterName]: CounterNote } = {
  tun_rx_packets: { meaning: "packets read from the TUN device", remedy: "" },
  tun_rx_bytes: { meaning: "bytes of those packets", remedy: "" },
  udp_tx_packets: { meaning: "packets from the TUN that were sent to a peer", remedy: "" },
  udp_tx_bytes: { meaning: "bytes of their datagrams", remedy: "" },
  udp_rx_packets: { meaning: "datagrams received, whoever sent them", remedy: "" },
  udp_rx_bytes: { meaning: "bytes of those datagrams", remedy: "" },
  tun_tx_packets: { meaning: "packets from peers written to the TUN device", remedy: "" },
  tun_tx_bytes: { meaning: "bytes of those packets", remedy: "" },
  relay_packets: { meaning: "packets sent on from one peer to another", remedy: "" },
  relay_bytes: { meaning: "bytes of their datagrams", remedy: "" },
  udp_endpoint_learned: {
    meaning: "times a peer was heard from another address than before",
    remedy: "steady growth: two hosts use one configuration, or a NAT changes ports",
  },
  keepalive_rx: { meaning: "authentic keepalives received", remedy: "" },
  keepalive_tx: { meaning: "keepalives sent", remedy: "" },
  drop_tun_not_ipv4: {
    meaning: "packet from the TUN that is not IPv4",
    remedy: "usually the host's IPv6; harmless",
  },
  drop_tun_no_route: {
    meaning: "no rule matches the destination of a packet from the TUN",
    remedy: "add a rule, or correct the host's routes",
  },
  drop_tun_drop_rule: { meaning: "a drop rule matches a packet from the TUN", remedy: "" },
  drop_tun_local_loop: {
    meaning: "the rule for a packet from the TUN delivers to this node itself",
    remedy: "correct the host's routes: the address is its own",
  },
  drop_tun_unknown_target: {
    meaning: "the rule for a packet from the TUN names a peer that is not configured",
    remedy: "correct the rule's target, or add the peer",
  },
  drop_tun_oversized: {
    meaning: "packet from the TUN above 1,452 bytes",
    remedy: "lower the interface's MTU to local_tun_mtu",
  },
  drop_tun_egress_err: {
    meaning: "reserved, always 0",
    remedy: "",
  },
  drop_tun_send_err: {
    meaning: "the system refused to send a packet from the TUN, or the peer's sequence numbers are used up",
    remedy: "look for a full link or a firewall rule on the way to the peer",
  },
  drop_udp_unknown_peer: {
    meaning: "datagram that no key of any peer opens while obfuscation is on, or that names no known peer",
    remedy: "compare both sides' psk, ids and obfuscate; otherwise strangers knocking",
  },
  drop_udp_auth_or_invalid: {
    meaning: "datagram that is too short, malformed, replayed or not authentic",
    remedy: "look at the sender's clock; compare both sides' psk where obfuscate is off",
  },
  drop_udp_scan_budget: {
    meaning: "datagram from an unknown address that was not tried because too many came at once",
    remedy: "a flood of strange datagrams: peers that moved take a little longer",
  },
  drop_udp_not_ipv4: {
    meaning: "authentic packet whose inside is not IPv4",
    remedy: "usually the other host's IPv6; harmless",
  },
  drop_udp_spoof: {
    meaning: "authentic packet whose inner source is outside of the peer's allowed_src",
    remedy: "correct allowed_src, or the other side's addresses and routes",
  },
  drop_udp_no_route: {
    meaning: "no rule matches the inner destination of a received packet",
    remedy: "add a rule for that destination",
  },
  drop_udp_drop_rule: { meaning: "a drop rule matches a received packet", remedy: "" },
  drop_udp_unknown_target: {
    meaning: "the rule for a received packet names a peer that is not configured",
    remedy: "correct the rule's target, or add the peer",
  },
  drop_udp_no_reflect: {
    meaning: "the rule for a received packet names its own sender",
    remedy: "harmless guard; a rule may point the wrong way",
  },
  drop_udp_oversized: {
    meaning: "received packet above the 1,452 bytes that may be sent on",
    remedy: "lower the MTU on the sending side",
  },
  drop_udp_send_err: {
    meaning: "the system refused to send on a received packet or to write it to the TUN",
    remedy: "look for a full link, or bring the interface up",
  },
  drop_tun_unknown_endpoint: {
    meaning: "packet from the TUN for a peer with a dynamic endpoint that has not been heard yet",
    remedy: "see that the peer runs and sends keepalives, or tell its address: subnetra peer endpoint",
  },
  drop_udp_unknown_endpoint: {
    meaning: "received packet for a peer with a dynamic endpoint that has not been heard yet",
    remedy: "see that the peer runs and sends keepalives, or tell its address: subnetra peer endpoint",
  },
};
