// The metrics of a node as Prometheus text, format 0.0.4 (metrics.md).

import { COUNTER_NOTES } from "../status/counters.ts";
import {
  BUILD_INFO,
  BUILD_LABELS,
  type Family,
  NODE_FAMILIES,
  ORIGINAL_PEER_FAMILIES,
  PEER_FAMILIES,
  PEER_INFO,
  SCHEMA_VERSION,
  UP,
} from "./families.ts";
import { numberOf, type PeerReading, type Reading, readStatus, textOf } from "./reading.ts";

/** Samples in one piece of the output. */
const SAMPLES_PER_PIECE = 256;

/** All there is of a daemon that does not answer. */
export const DOWN = `${head(UP)}${UP.name} 0\n`;

/**
 * The metrics of a status as byte strings (UTF-8) that belong together; DOWN alone when it is none. In pieces, because
 * those of 16,384 peers are larger than what a router has.
 *
 * @param parts the reply of `status --json`, in pieces that belong together
 * @param emit takes the pieces in their order
 */
export function writeMetrics(parts: readonly string[], emit: (piece: string) => void): void {
  const reading = readStatus(parts);
  if (reading === null) {
    emit(DOWN);
    return;
  }
  emit(nodeText(reading));
  const labels: string[] = [];
  const { peers } = reading;
  for (let i = 0; i < peers.length; i++)
    labels.push(`${label("id", peers[i]!.id)},${label("allowed_src", peers[i]!.allowedSrc)}`);
  for (let i = 0; i < ORIGINAL_PEER_FAMILIES; i++) peerFamily(peers, labels, i, emit);
  emit(counterText(reading));
  for (let i = ORIGINAL_PEER_FAMILIES; i < PEER_FAMILIES.length; i++) peerFamily(peers, labels, i, emit);
  samples(PEER_INFO, peers, emit, (peer, i) => `{${labels[i]},${label("name", peer.name)}} 1`);
}

function head({ name, help, type }: Pick<Family, "name" | "help" | "type">): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** A label's value between its quotes: backslash, quote and newline are escaped. */
function label(name: string, value: string): string {
  const escaped = value.split("\\").join("\\\\").split('"').join('\\"').split("\n").join("\\n");
  return `${name}="${escaped}"`;
}

function nodeText({ fields }: Reading): string {
  const build: string[] = [];
  for (let i = 0; i < BUILD_LABELS.length; i++)
    build.push(label(BUILD_LABELS[i]!, textOf(fields[BUILD_LABELS[i]!])));
  let text =
    `${head(UP)}${UP.name} 1\n` +
    `${head(SCHEMA_VERSION)}${SCHEMA_VERSION.name} ${numberOf(fields.schema_version)}\n` +
    `${head(BUILD_INFO)}${BUILD_INFO.name}{${build.join(",")}} 1\n`;
  for (let i = 0; i < NODE_FAMILIES.length; i++) {
    const family = NODE_FAMILIES[i]!;
    const value = numberOf(fields[family.field]);
    if (value !== "") text += `${head(family)}${family.name} ${value}\n`;
  }
  return text;
}

function counterText({ counters }: Reading): string {
  const notes = COUNTER_NOTES as { readonly [name: string]: { readonly meaning: string } | undefined };
  const lines: string[] = [];
  for (let i = 0; i < counters.length; i++) {
    const { counter, value } = counters[i]!;
    const name = `subnetra_${counter}_total`;
    const note = notes[counter];
    const help = note === undefined ? "A counter of the status" : note.meaning;
    lines.push(head({ name, help, type: "counter" }), `${name} ${value}\n`);
  }
  return lines.join("");
}

function peerFamily(
  peers: readonly PeerReading[],
  labels: readonly string[],
  index: number,
  emit: (piece: string) => void,
): void {
  samples(PEER_FAMILIES[index]!, peers, emit, ({ values }, i) =>
    values[index] === "" ? "" : `{${labels[i]}} ${values[index]}`,
  );
}

/** One family over all peers; nothing when no peer has a sample. */
function samples(
  family: Family,
  peers: readonly PeerReading[],
  emit: (piece: string) => void,
  sample: (peer: PeerReading, index: number) => string,
): void {
  let lines: string[] = [];
  let begun = false;
  for (let i = 0; i < peers.length; i++) {
    const text = sample(peers[i]!, i);
    if (text === "") continue;
    if (!begun) lines.push(head(family));
    begun = true;
    lines.push(`${family.name}${text}\n`);
    if (lines.length >= SAMPLES_PER_PIECE) {
      emit(lines.join(""));
      lines = [];
    }
  }
  if (lines.length > 0) emit(lines.join(""));
}
