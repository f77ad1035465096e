// The conformance files of wire-protocol.md §18: our own, and the mesh's when it lies beside the repository.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface SenderVector {
  readonly name: string;
  readonly input: {
    readonly psk: string;
    readonly from_id: number;
    readonly to_id: number;
    readonly epoch: string;
    readonly seq: string;
    readonly plaintext: string;
  };
  readonly output: { readonly link_key: string; readonly session_key: string; readonly datagram: string };
}

export interface ReceiverStep {
  readonly note: string;
  readonly datagram: string;
  readonly expect: "accept" | "drop";
  readonly plaintext: string | null;
  readonly epoch_after: string;
}

export interface ReceiverCase {
  readonly name: string;
  readonly link: { readonly psk: string; readonly from_id: number; readonly to_id: number };
  readonly init_epoch: string;
  readonly steps: readonly ReceiverStep[];
}

export interface VectorFile {
  readonly name: string;
  readonly vectors: readonly SenderVector[];
  readonly receiver_cases: readonly ReceiverCase[];
  readonly obfuscated_vectors: readonly { readonly name: string; readonly datagram: string }[];
}

export const ROOT = new URL("../../../../", import.meta.url);
const PLACES = ["test/vectors/subnetra-edge-v1.json", "../shared/vectors/subnetra-v1.json"];

/** Parses a file; its 64-bit integers become decimal strings, which no parser can round. */
function parse(name: string, text: string): VectorFile {
  const exact = text.replace(/("(?:epoch|seq|init_epoch|epoch_after)":\s*)(\d+)/g, '$1"$2"');
  return { ...(JSON.parse(exact) as Omit<VectorFile, "name">), name };
}

export function vectorFiles(): VectorFile[] {
  return PLACES.map((place) => fileURLToPath(new URL(place, ROOT)))
    .filter((path) => existsSync(path))
    .map((path) => parse(path.slice(path.lastIndexOf("/") + 1), readFileSync(path, "utf8")));
}

export const fromHex = (text: string): Buffer => Buffer.from(text, "hex");

/** A u64 as it stands in memory and in the header. */
export function u64(decimal: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(decimal));
  return bytes;
}
