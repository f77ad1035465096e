// The metric families beyond the counters, in the order of the output (metrics.md §2 and §3).

export interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  /** One line without a backslash. */
  readonly help: string;
  /** Field of the status. */
  readonly field: string;
}

/** Of the node; those of the original. */
export const UP: Family = gauge("up", "", "1 when the daemon's status was read, else 0");
export const SCHEMA_VERSION: Family = gauge(
  "schema_version",
  "schema_version",
  "Version of the status schema",
);
export const BUILD_INFO: Family = gauge("build_info", "", "Always 1; the labels say what runs");
/** Labels of BUILD_INFO, which are fields of the status too. */
export const BUILD_LABELS = ["version", "mode", "tun", "local_id", "listen_port"];

/** Of the node; ours. */
export const NODE_FAMILIES: readonly Family[] = [
  gauge("uptime_seconds", "uptime_seconds", "Seconds since the daemon was ready"),
  counter(
    "socket_drops",
    "socket_drops",
    "Datagrams that the kernel dropped for want of room in a receive buffer",
  ),
  gauge("warnings", "warnings", "Warnings of the daemon about its machine; subnetra status shows them"),
];

/** Of each peer, with the labels id and allowed_src; the first ORIGINAL_PEER_FAMILIES are those of the original. */
export const PEER_FAMILIES: readonly Family[] = [
  gauge("peer_online", "online", "1 when the peer was heard within 90 s, else 0"),
  gauge("peer_last_seen_age_seconds", "last_seen_age_seconds", "Seconds since the peer was heard"),
  counter("peer_rx_packets", "rx_packets", "Authentic and fresh datagrams from the peer"),
  counter("peer_rx_bytes", "rx_bytes", "Bytes of those datagrams"),
  counter("peer_tx_packets", "tx_packets", "Datagrams sent to the peer"),
  counter("peer_tx_bytes", "tx_bytes", "Bytes of those datagrams"),
  counter("peer_lost_packets", "lost_packets", "Sequence numbers of the peer that never arrived"),
  counter("peer_drops", "drops", "Datagrams from the peer, or for it, that were dropped"),
  counter("peer_unclaimed", "unclaimed", "Datagrams from the peer's address that no key opens"),
  gauge(
    "peer_old_key_accepted",
    "key",
    "1 while the peer's old key is still accepted after a change of keys",
  ),
];
export const ORIGINAL_PEER_FAMILIES = 2;

/** Carries the name, so that the other families of a peer keep the labels of the original. */
export const PEER_INFO: Family = gauge(
  "peer_info",
  "",
  "Always 1; the label name is the peer's in the configuration",
);

function gauge(name: string, field: string, help: string): Family {
  return { name: `subnetra_${name}`, type: "gauge", help, field };
}

function counter(name: string, field: string, help: string): Family {
  return { name: `subnetra_${name}_total`, type: "counter", help, field };
}
