// A status of any size with every field that the metrics read.

import type { StatusForm } from "../../../src/core/status/status.ts";

/** Above what a double holds exactly. */
export const BIG = "18446744073709551615";

export function bigStatus(counters: readonly string[]): StatusForm {
  return {
    refusal: '{"error":"status unavailable"}\n',
    head: () =>
      '{"schema_version":1,"version":"0.10.0","mode":"raw_direct","local_id":1,"listen_port":18020,"tun":"snr0","peers":[',
    peer: (i) =>
      `${i === 0 ? "" : ","}{"id":${i + 2},"name":"${i === 0 ? 'a \\"b\\" \\\\' : `site-${i}`}",` +
      `"endpoint":"192.0.2.1:18020","allowed_src":"10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32",` +
      `"last_seen_wall_ns":${i === 1 ? 0 : "1790000000000000000"},"last_seen_age_seconds":${i === 1 ? null : 3},` +
      `"online":${i !== 1},"unclaimed":0,"allowed_srcs":["10.0.0.0/32"],"rx_packets":${BIG},"rx_bytes":9,` +
      `"tx_packets":7,"tx_bytes":8,"lost_packets":1,"drops":2,"key":"${i === 0 ? "switched (old key accepted)" : "single"}"}`,
    tail: () =>
      `],"counters":{${counters.map((name, i) => `"${name}":${i === 0 ? BIG : i}`).join(",")}},"features":["traffic"],` +
      '"warnings":["small buffer"],"role":"hub","obfuscate":true,"uptime_seconds":12,"listen_ports":[18020],' +
      '"socket_drops":5}',
  };
}
