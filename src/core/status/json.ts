// `status --json`, control-protocol.md §7: one object on one line, keys in a fixed order, no newline at the end.

import { ONLINE_SECONDS } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { jsonLabel, jsonText } from "../escape.ts";
import { COUNTER_NAMES } from "./counters.ts";
import {
  FEATURES,
  joinSources,
  type NodeIdentity,
  peerRecord,
  readCounters,
  readPeer,
  readTraffic,
  type StatusForm,
  uptimeSeconds,
  wholeStatus,
} from "./status.ts";

/** Raised only when a key is removed, renamed or retyped. */
export const SCHEMA_VERSION = 1;

export class JsonForm implements StatusForm {
  readonly refusal = '{"error":"status unavailable"}\n';
  private readonly engine: Engine;
  private readonly node: NodeIdentity;

  constructor(engine: Engine, node: NodeIdentity) {
    this.engine = engine;
    this.node = node;
  }

  head(): string {
    const { node } = this;
    return (
      `{"schema_version":${SCHEMA_VERSION},"version":"${jsonText(node.version)}","mode":"raw_direct",` +
      `"local_id":${node.localId},"listen_port":${node.ports[0]},"tun":"${jsonText(node.tun)}","peers":[`
    );
  }

  peer(index: number): string {
    const record = peerRecord(this.engine, index);
    const peer = readPeer(this.engine, index, record);
    const traffic = readTraffic(this.engine, record);
    /** Whole seconds, -1 = never. */
    const age = this.engine.call.peerAge(index);
    const online = age >= 0 && age <= ONLINE_SECONDS;
    const name = this.node.names[index] || "";
    // In one step: Duktape hashes and stores the result of every addition.
    return [
      index === 0 ? '{"id":' : ',{"id":',
      peer.id,
      ',"name":"',
      name === "" ? "" : jsonLabel(name),
      '","endpoint":"',
      peer.endpoint,
      '","allowed_src":"',
      peer.allowedSrc,
      '","last_seen_wall_ns":',
      peer.lastSeen,
      ',"last_seen_age_seconds":',
      age < 0 ? "null" : age,
      online ? ',"online":true,"unclaimed":' : ',"online":false,"unclaimed":',
      peer.unclaimed,
      ',"allowed_srcs":["',
      joinSources(peer, '","'),
      '"],"rx_packets":',
      traffic.rxPackets,
      ',"rx_bytes":',
      traffic.rxBytes,
      ',"tx_packets":',
      traffic.txPackets,
      ',"tx_bytes":',
      traffic.txBytes,
      ',"lost_packets":',
      traffic.lost,
      ',"drops":',
      traffic.drops,
      ',"key":"single"}',
    ].join("");
  }

  /** What the original does not have comes after what it has. */
  tail(): string {
    const values = readCounters(this.engine);
    const counters: string[] = [];
    for (let i = 0; i < values.length; i++) counters.push(`"${COUNTER_NAMES[i]}":${values[i]}`);
    const { node } = this;
    const drops = node.socketDrops();
    return (
      `],"counters":{${counters.join(",")}},"features":${list(FEATURES)},"warnings":${list(node.warnings())},` +
      `"role":"${node.role}","obfuscate":${node.obfuscate},"uptime_seconds":${uptimeSeconds(this.engine, node)},` +
      `"listen_ports":[${node.ports.join(",")}],"socket_drops":${drops < 0 ? "null" : drops}}`
    );
  }
}

function list(texts: readonly string[]): string {
  const items: string[] = [];
  for (let i = 0; i < texts.length; i++) items.push(`"${jsonText(texts[i]!)}"`);
  return `[${items.join(",")}]`;
}

/** The whole reply. REGION_CLOCK must be fresh: ages are counted from it. */
export function statusJson(engine: Engine, node: NodeIdentity): string {
  return wholeStatus(new JsonForm(engine, node), engine.call.peerCount());
}
