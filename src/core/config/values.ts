// The configuration of a node. What its values mean together is checked in sanity.ts and registry.ts.

import { DocumentReader, Layout } from "./document.ts";
import { FIELDS, type FileValues, type RawPeers, wipeRawPeers } from "./fields.ts";
import { Remarks } from "./remarks.ts";

export type { PeerConfig } from "./fields.ts";
export type { Role } from "./kinds.ts";

/** Fields of the document that end up in others. */
type Merged = "psk" | "listenPort" | "listenPorts" | "keepaliveSecs";

export interface Config extends Omit<FileValues, Merged> {
  /** 1 … 8 ports; the first is the primary one. */
  readonly listenPorts: number[];
  /** Seconds between keepalives, 0 = none; only role spoke sends them. */
  readonly keepaliveSecs: number;
}

const SPOKE_PORTS = [18020];
const HUB_PORTS = [18020, 18023, 18026];
const SPOKE_KEEPALIVE = 20;

const LAYOUT = new Layout(FIELDS);
const PEERS = LAYOUT.properties.indexOf("peers");

/**
 * Parses a configuration. The first error wins, in the order of config.md §4; document errors come before all.
 *
 * @param bytes the file's bytes; keys are copied out of them, so the caller wipes them afterwards
 * @param remarks takes what is odd in the document
 * @throws SubnetraError with the codes of config.md §2–§4; then no key is left
 */
export function parseConfig(bytes: Uint8Array, length: number, remarks: Remarks = new Remarks()): Config {
  const reader = new DocumentReader(bytes, length, remarks);
  const raws = LAYOUT.absent();
  try {
    LAYOUT.read(reader, "", raws);
    reader.endDocument();
    noteGiven(remarks, raws);
    return complete(LAYOUT.convert(raws, "") as unknown as FileValues);
  } catch (error) {
    wipeRawPeers(raws[PEERS] as RawPeers);
    throw error;
  }
}

/** The configuration of a node without a file: no peers, so it never passes the sanity checks. */
export function defaultConfig(): Config {
  return parseConfig(new Uint8Array([0x7b, 0x7d]), 2);
}

/** Notes which fields of the document have a value of their own. */
function noteGiven(remarks: Remarks, raws: unknown[]): void {
  for (let i = 0; i < raws.length; i++) {
    if (raws[i] !== LAYOUT.fields[i]!.absent) remarks.given[LAYOUT.properties[i]!] = true;
  }
}

/** Merges the fields that say one thing together, and fills in what depends on the role. */
function complete(values: FileValues): Config {
  const spoke = values.role === "spoke";
  const config = values as { -readonly [P in keyof FileValues]?: FileValues[P] };
  if (values.listenPorts === null) {
    const fallback = spoke ? SPOKE_PORTS : HUB_PORTS;
    config.listenPorts = values.listenPort === null ? fallback.slice() : [values.listenPort];
  }
  if (values.keepaliveSecs === null) config.keepaliveSecs = spoke ? SPOKE_KEEPALIVE : 0;
  delete config.listenPort;
  delete config.psk;
  return config as Config;
}
