// Prometheus metrics from a `status --json` reply (deployment.md §11; the text format 0.0.4).
//
// Numbers stay text all the way: a counter is an exact u64, which neither JavaScript nor jq can hold.

import { JsonReader } from "../json/reader.ts";

/** A scalar of the reply as it is written there; strings unescaped. */
interface Fields {
  [name: string]: string;
}

interface Reply {
  readonly top: Fields;
  readonly peers: Fields[];
  /** In the order of the reply. */
  readonly counters: [string, string][];
}

/** Per peer: field of the reply, family, type, help. */
const PEER_FAMILIES: readonly (readonly [string, string, "gauge" | "counter", string])[] = [
  ["online", "subnetra_peer_online", "gauge", "1 when the peer was heard within 90 s"],
  [
    "last_seen_age_seconds",
    "subnetra_peer_last_seen_age_seconds",
    "gauge",
    "Seconds since the peer was heard",
  ],
  ["rx_packets", "subnetra_peer_rx_packets_total", "counter", "Packets accepted from the peer"],
  ["rx_bytes", "subnetra_peer_rx_bytes_total", "counter", "Bytes accepted from the peer"],
  ["tx_packets", "subnetra_peer_tx_packets_total", "counter", "Packets sent to the peer"],
  ["tx_bytes", "subnetra_peer_tx_bytes_total", "counter", "Bytes sent to the peer"],
  [
    "lost_packets",
    "subnetra_peer_lost_packets_total",
    "counter",
    "Holes in the peer's sequence numbers never filled",
  ],
  ["drops", "subnetra_peer_drops_total", "counter", "Packets from or to the peer that were dropped"],
  [
    "unclaimed",
    "subnetra_peer_unclaimed_total",
    "counter",
    "Datagrams from the peer's address that no key opened",
  ],
];

/** The one metric of a daemon that does not answer. */
export const DOWN =
  family("subnetra_up", "gauge", "1 when the daemon's status was read") + sample("subnetra_up", "", "0");

function family(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function sample(name: string, labels: string, value: string): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`;
}

/** A label's value between its quotes: backslash, quote and newline are escaped. */
function escapeLabel(text: string): string {
  return text.split("\\").join("\\\\").split('"').join('\\"').split("\n").join("\\n");
}

function label(name: string, value: string): string {
  return `${name}="${escapeLabel(value)}"`;
}

/**
 * The metrics of a reply as a byte string (UTF-8); DOWN when it is not a status.
 *
 * @param bytes the reply of `status --json`
 */
export function metricsOf(bytes: Uint8Array, length: number): string {
  const reply = readReply(bytes, length);
  if (reply === null) return DOWN;
  const { top } = reply;
  const build = ["version", "mode", "tun", "local_id", "listen_port"].map((name) =>
    label(name, top[name] || ""),
  );
  let text =
    family("subnetra_up", "gauge", "1 when the daemon's status was read") +
    sample("subnetra_up", "", "1") +
    family("subnetra_schema_version", "gauge", "Version of the status schema") +
    sample("subnetra_schema_version", "", top.schema_version!) +
    family("subnetra_build_info", "gauge", "Always 1; the labels say what runs") +
    sample("subnetra_build_info", build.join(","), "1");
  text += single(
    top,
    "uptime_seconds",
    "subnetra_uptime_seconds",
    "gauge",
    "Seconds since the daemon started",
  );
  text += single(
    top,
    "socket_drops",
    "subnetra_socket_drops_total",
    "counter",
    "Datagrams the kernel dropped for want of buffer",
  );
  for (let i = 0; i < PEER_FAMILIES.length; i++) text += peerFamily(reply.peers, PEER_FAMILIES[i]!);
  for (let i = 0; i < reply.counters.length; i++) {
    const [name, value] = reply.counters[i]!;
    text += family(`subnetra_${name}_total`, "counter", `The counter ${name} of the status`);
    text += sample(`subnetra_${name}_total`, "", value);
  }
  return text;
}

function single(top: Fields, field: string, name: string, type: string, help: string): string {
  const value = top[field];
  return value === undefined ? "" : family(name, type, help) + sample(name, "", value);
}

function peerFamily(peers: Fields[], [field, name, type, help]: (typeof PEER_FAMILIES)[number]): string {
  let text = "";
  for (let i = 0; i < peers.length; i++) {
    const peer = peers[i]!;
    const value = peer[field];
    if (value === undefined || value === "null") continue;
    const labels = [label("id", peer.id || ""), label("allowed_src", peer.allowed_src || "")];
    if (peer.name !== undefined && peer.name !== "") labels.push(label("name", peer.name));
    text += sample(name, labels.join(","), value === "true" ? "1" : value === "false" ? "0" : value);
  }
  return text === "" ? "" : family(name, type, help) + text;
}

/** Null unless the text is a JSON object with a schema_version. */
function readReply(bytes: Uint8Array, length: number): Reply | null {
  const reply: Reply = { top: {}, peers: [], counters: [] };
  const reader = new JsonReader(bytes, length);
  try {
    reader.beginObject();
    while (reader.nextField()) {
      if (reader.field === "peers") readPeers(reader, reply.peers);
      else if (reader.field === "counters") readCounters(reader, reply.counters);
      else readScalar(reader, reply.top);
    }
    reader.endDocument();
  } catch {
    return null;
  }
  return reply.top.schema_version === undefined ? null : reply;
}

function readPeers(reader: JsonReader, peers: Fields[]): void {
  reader.beginArray();
  while (reader.nextElement()) {
    const peer: Fields = {};
    reader.beginObject();
    while (reader.nextField()) readScalar(reader, peer);
    peers.push(peer);
  }
}

function readCounters(reader: JsonReader, counters: [string, string][]): void {
  reader.beginObject();
  while (reader.nextField()) {
    const field: Fields = {};
    const name = reader.field;
    readScalar(reader, field);
    if (field[name] !== undefined) counters.push([name, field[name]!]);
  }
}

/** Keeps a string, number or literal; steps over anything else. */
function readScalar(reader: JsonReader, into: Fields): void {
  const name = reader.field;
  const { tokens } = reader;
  const first = tokens.peek();
  if (first === 0x22) {
    into[name] = reader.readString();
    return;
  }
  const start = tokens.at;
  reader.skipValue();
  if (first === 0x5b || first === 0x7b) return;
  let text = "";
  for (let i = start; i < tokens.at; i++) text += String.fromCharCode(tokens.bytes[i]!);
  into[name] = text;
}
