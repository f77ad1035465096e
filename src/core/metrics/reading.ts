// What the metrics need of a `status --json`. Numbers stay text: a counter is an exact u64, which JavaScript has not.

import { JsonReader } from "../json/reader.ts";
import { readText } from "../memory.ts";
import { PEER_FAMILIES } from "./families.ts";

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
/** What metric names of the format are made of; a counter called otherwise would be no metric. */
const NAME = "abcdefghijklmnopqrstuvwxyz0123456789_";
/** How `key` begins while an old key is accepted. */
const SWITCHED = "switched";

/** A scalar: what a string says, or a number or literal as it is written. */
interface Scalar {
  readonly text: string;
  readonly isString: boolean;
}

interface Fields {
  [name: string]: Scalar | undefined;
}

export interface PeerReading {
  readonly id: string;
  readonly allowedSrc: string;
  readonly name: string;
  /** The value for each of PEER_FAMILIES, "" when the status has none. */
  readonly values: readonly string[];
}

export interface Reading {
  readonly fields: Fields;
  readonly peers: PeerReading[];
  /** In the order of the status. */
  readonly counters: { readonly counter: string; readonly value: string }[];
}

/** Reads a status. Null unless it is a JSON object with a schema_version. */
export function readStatus(parts: readonly string[]): Reading | null {
  const bytes = joined(parts);
  const reader = new JsonReader(bytes, bytes.length);
  const reading: Reading = { fields: {}, peers: [], counters: [] };
  try {
    reader.beginObject();
    while (reader.nextField()) {
      if (reader.field === "peers") readPeers(reader, reading);
      else if (reader.field === "counters") readCounters(reader, reading);
      else if (reader.field === "warnings") reading.fields.warnings = count(reader);
      else readScalar(reader, reading.fields);
    }
    reader.endDocument();
  } catch {
    return null;
  }
  return numberOf(reading.fields.schema_version) === "" ? null : reading;
}

/** A number as it is written, 1 or 0 for a truth value; "" for a string, null or nothing. */
export function numberOf(scalar: Scalar | undefined): string {
  if (scalar === undefined || scalar.isString || scalar.text === "null") return "";
  if (scalar.text === "true") return "1";
  return scalar.text === "false" ? "0" : scalar.text;
}

/** A string or a number as text; "" for nothing. */
export function textOf(scalar: Scalar | undefined): string {
  return scalar === undefined ? "" : scalar.text;
}

function joined(parts: readonly string[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i]!.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    for (let k = 0; k < part.length; k++) bytes[at++] = part.charCodeAt(k);
  }
  return bytes;
}

function readPeers(reader: JsonReader, { peers }: Reading): void {
  reader.beginArray();
  while (reader.nextElement()) {
    const fields: Fields = {};
    reader.beginObject();
    while (reader.nextField()) readScalar(reader, fields);
    const values: string[] = [];
    for (let i = 0; i < PEER_FAMILIES.length; i++) values.push(peerValue(fields, PEER_FAMILIES[i]!.field));
    const { id, allowed_src: allowed, name } = fields;
    peers.push({ id: textOf(id), allowedSrc: textOf(allowed), name: textOf(name), values });
  }
}

function peerValue(fields: Fields, field: string): string {
  const scalar = fields[field];
  if (field !== "key") return numberOf(scalar);
  if (scalar === undefined || !scalar.isString) return "";
  return scalar.text.indexOf(SWITCHED) === 0 ? "1" : "0";
}

function readCounters(reader: JsonReader, { counters }: Reading): void {
  reader.beginObject();
  while (reader.nextField()) {
    const name = reader.field;
    const fields: Fields = {};
    readScalar(reader, fields);
    const value = numberOf(fields[name]);
    if (value !== "" && isName(name)) counters.push({ counter: name, value });
  }
}

function isName(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (NAME.indexOf(text.charAt(i)) < 0) return false;
  return text !== "";
}

function count(reader: JsonReader): Scalar {
  let elements = 0;
  reader.beginArray();
  for (; reader.nextElement(); elements++) reader.skipValue();
  return { text: String(elements), isString: false };
}

/** Keeps a string, number or literal; steps over anything else. */
function readScalar(reader: JsonReader, into: Fields): void {
  const { tokens, field } = reader;
  const first = tokens.peek();
  if (first === QUOTE) {
    into[field] = { text: reader.readString(), isString: true };
    return;
  }
  const start = tokens.at;
  reader.skipValue();
  if (first === OPEN_ARRAY || first === OPEN_OBJECT) return;
  into[field] = { text: readText(tokens.bytes, start, tokens.at - start), isString: false };
}
