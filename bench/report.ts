// The result of a benchmark run, for machines (this type, as JSON) and for people (the tables).

import type { EngineFigures } from "./engine-figures.ts";
import { gigabits, table, thousands } from "./figures.ts";
import type { OpensslFigures } from "./openssl-figures.ts";
import type { Direction, Saturation } from "./saturation.ts";
import type { TcpFigures } from "./tcp.ts";

export interface SaturationResult extends Saturation {
  readonly name: string;
  readonly direction: Direction;
}

export interface TcpResult extends TcpFigures {
  readonly name: string;
}

export interface Result {
  readonly machine: { cpu: string; cores: number; kernel: string; node: string };
  readonly commit: string;
  readonly settings: { seconds: number; payload: number; pinned: boolean; rounds: number };
  readonly engine: readonly EngineFigures[];
  readonly openssl: readonly OpensslFigures[] | undefined;
  readonly saturation: readonly SaturationResult[];
  readonly tcp: readonly TcpResult[];
  readonly missing: readonly string[];
}

const DIRECTIONS = { hub: "spoke → hub", relay: "spoke → hub → spoke" };
const RIVAL = "wireguard-go, Debian's";

export function engineTable(
  engine: readonly EngineFigures[],
  openssl: readonly OpensslFigures[] | undefined,
): string {
  const rows = [["ns per packet", "bytes", "seal", "open", "relay", "OpenSSL seal", "OpenSSL seal, 128-bit"]];
  for (const { variant, size, sealNs, openNs, relayNs } of engine) {
    const rival = openssl?.find((figures) => figures.size === size);
    rows.push([
      `engine, ${variant}`,
      String(size),
      ...[sealNs, openNs, relayNs].map((ns) => ns.toFixed(0)),
      rival ? rival.fullNs.toFixed(0) : "—",
      rival ? rival.narrowNs.toFixed(0) : "—",
    ]);
  }
  return table(rows);
}

export function saturationTable(
  results: readonly SaturationResult[],
  baseline: readonly SaturationResult[] = [],
): string {
  const rows = [["hub at its limit", "packets/s", "Gbit/s", "hub CPU", "µs/packet", "RSS MB", "offered/s"]];
  if (baseline.length > 0) rows[0]!.push("× baseline");
  for (const result of results) {
    const before = baseline.find(
      (other) => other.name === result.name && other.direction === result.direction,
    );
    rows.push([
      `${result.name}: ${DIRECTIONS[result.direction]}`,
      thousands(result.packetsPerSecond),
      gigabits(result.goodput),
      `${(result.cpuShare * 100).toFixed(0)} %`,
      result.cpuMicrosPerPacket.toFixed(1),
      (result.residentKb / 1000).toFixed(1),
      thousands(result.offeredPerSecond),
      ...(before ? [(result.packetsPerSecond / before.packetsPerSecond).toFixed(2)] : []),
    ]);
  }
  return table(rows);
}

export function tcpTable(results: readonly TcpResult[]): string {
  const rival = results.find((result) => result.name === RIVAL);
  const ratio = (value: number, other: number | undefined) =>
    other ? `${(value / other).toFixed(2)} ×` : "—";
  const rows = [
    ["TCP and ping", "tunnel Gbit/s", "ratio", "relay Gbit/s", "ratio", "hub CPU", "ping ms", "RSS MB"],
  ];
  for (const result of results) {
    rows.push([
      result.name,
      gigabits(result.tunnel),
      ratio(result.tunnel, rival?.tunnel),
      gigabits(result.relay),
      ratio(result.relay, rival?.relay),
      `${(result.relayCpuShare * 100).toFixed(0)} %`,
      result.pingMs.toFixed(2),
      (result.residentKb / 1000).toFixed(1),
    ]);
  }
  return `${table(rows)}\n  ratio: to ${RIVAL}, in this run`;
}
