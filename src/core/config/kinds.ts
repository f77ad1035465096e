// Kinds of values that a configuration field can have: how one is read from the document, and what it must be.
//
// Reading comes first for the whole document, then every value is converted, so that a mistake in the JSON is told
// before any rule about values (config.md §4).

import { KEY_LENGTH, MAX_ALLOWED_SRC, MAX_REPLAY_WINDOW, MIN_REPLAY_WINDOW } from "../../engine/abi.ts";
import { ANY, CIDR_FORM, type Cidr, parseCidr } from "../cidr.ts";
import { quoted, subnetraError } from "../errors.ts";
import { hexDigit } from "../json/text.ts";
import { MAX_LISTEN_PORTS, MAX_NAME_LENGTH, MAX_PATH, MAX_ROUTES } from "../limits.ts";
import { wipe } from "../memory.ts";
import type { DocumentReader } from "./document.ts";
import { DYNAMIC, type Endpoint, isHostAndPort, parseEndpoint, UNKNOWN_ENDPOINT } from "./endpoint.ts";

export interface Kind<Raw, Value> {
  /** @throws the error names of config.md §2 */
  read(reader: DocumentReader): Raw;
  /**
   * @param path JSON path of the field
   * @param earlier values of the fields before it in the table
   * @throws the error names of config.md §3 and §4
   */
  convert(raw: Raw, path: string, earlier: Earlier): Value;
}

export interface Earlier {
  readonly [property: string]: unknown;
}

export type Role = "manual" | "hub" | "spoke";

function same<T>(raw: T): T {
  return raw;
}

function unsigned(max: number): Kind<number, number> {
  return { read: (reader) => reader.readUnsigned(max), convert: same };
}

function orNull<Raw, Value>(kind: Kind<Raw, Value>): Kind<Raw | null, Value | null> {
  return {
    read: (reader) => (reader.readNull() ? null : kind.read(reader)),
    convert: (raw, path, earlier) => (raw === null ? null : kind.convert(raw, path, earlier)),
  };
}

function text<Value>(convert: (raw: string, path: string) => Value): Kind<string, Value> {
  return { read: (reader) => reader.readString(), convert };
}

/** Reads an array, one element at a time, with its index in the path. */
function readList<T>(reader: DocumentReader, element: () => T): T[] {
  const items: T[] = [];
  const path = reader.tokens.path;
  reader.beginArray();
  while (reader.nextElement()) {
    reader.tokens.path = `${path}[${items.length}]`;
    items.push(element());
    reader.tokens.path = path;
  }
  return items;
}

export const U8 = unsigned(255);
export const U16 = unsigned(65535);
export const U32 = unsigned(4294967295);
export const U32_OR_NULL = orNull(U32);
export const BOOL: Kind<boolean, boolean> = { read: (reader) => reader.readBoolean(), convert: same };

export const ROLE: Kind<string, Role> = text((raw, path) => {
  if (raw === "manual" || raw === "hub" || raw === "spoke") return raw;
  throw subnetraError("InvalidRole", path, `${quoted(raw)} is not a role`);
});

export type Log = "events" | "quiet";

export const LOG: Kind<string, Log> = text((raw, path) => {
  if (raw === "events" || raw === "quiet") return raw;
  throw subnetraError("InvalidLog", path, `${quoted(raw)} is neither events nor quiet`);
});

function cidr(raw: string, path: string): Cidr {
  const parsed = parseCidr(raw);
  if (parsed !== null) return parsed;
  throw subnetraError("InvalidCidr", path, `${quoted(raw)} is not ${CIDR_FORM}`);
}

export const CIDR: Kind<string, Cidr> = text(cidr);
/** "" = unset. */
export const CIDR_OR_EMPTY: Kind<string, Cidr | null> = text((raw, path) =>
  raw === "" ? null : cidr(raw, path),
);

/** What an absent allowed_src says: every address. */
export const ANYWHERE: readonly Cidr[] = [ANY];
const OPEN_LIST = 0x5b;

/** One prefix, or a list of 1 … 16; null where the field is absent. */
export const SOURCES: Kind<string | string[] | null, readonly Cidr[]> = {
  read: (reader) =>
    reader.tokens.peek() === OPEN_LIST ? readList(reader, () => reader.readString()) : reader.readString(),
  convert: (raw, path) => {
    if (raw === null) return ANYWHERE;
    if (typeof raw === "string") return [cidr(raw, path)];
    if (raw.length === 0 || raw.length > MAX_ALLOWED_SRC)
      throw subnetraError("InvalidAllowedSrc", path, `the list has ${raw.length} entries`);
    const sources: Cidr[] = [];
    for (let i = 0; i < raw.length; i++) sources.push(cidr(raw[i]!, `${path}[${i}]`));
    return sources;
  },
};

export const ROUTES: Kind<string[], Cidr[]> = {
  read: (reader) => readList(reader, () => reader.readString()),
  convert: (raw, path) => {
    if (raw.length > MAX_ROUTES)
      throw subnetraError("TooManyRoutes", path, `${raw.length} routes are listed`);
    const routes: Cidr[] = [];
    for (let i = 0; i < raw.length; i++) routes.push(cidr(raw[i]!, `${path}[${i}]`));
    return routes;
  },
};

/** @throws NoListenPort, TooManyListenPorts */
export function checkPortCount(count: number): void {
  if (count === 0) throw subnetraError("NoListenPort", "listen_ports", "no port is listed");
  if (count > MAX_LISTEN_PORTS) {
    throw subnetraError("TooManyListenPorts", "listen_ports", `${count} ports are listed`);
  }
}

/** @throws InvalidListenPort */
export function checkPort(port: number, path: string): void {
  if (port === 0) throw subnetraError("InvalidListenPort", path, "port 0 cannot be listened on");
}

export const PORTS: Kind<number[] | null, number[] | null> = orNull({
  read: (reader) => readList(reader, () => U16.read(reader)),
  convert: (raw: number[], path) => {
    checkPortCount(raw.length);
    for (let i = 0; i < raw.length; i++) checkPort(raw[i]!, `${path}[${i}]`);
    return raw;
  },
});

/** Used, and looked at, only where listen_ports is absent. */
export const SINGLE_PORT: Kind<number | null, number | null> = {
  read: orNull(U16).read,
  convert: (raw, path, earlier) => {
    if (raw !== null && earlier.listenPorts === null) checkPort(raw, path);
    return raw;
  },
};

/** A number of records the engine is laid out for; `fallback` when the field is absent. */
export function capacity(fallback: number, limit: number): Kind<number | null, number> {
  return {
    read: U32.read,
    convert: (raw, path) => {
      if (raw === null) return fallback;
      if (raw >= 1 && raw <= limit) return raw;
      throw subnetraError("InvalidCapacity", path, `${raw} is not between 1 and ${limit}`);
    },
  };
}

export const FILE: Kind<string | null, string | null> = {
  read: (reader) => reader.readString(),
  convert: (raw, path) => {
    if (raw === null || (raw !== "" && raw.length <= MAX_PATH && raw.indexOf("\0") < 0)) return raw;
    throw subnetraError("InvalidPolicyFile", path, "the path is empty, too long or holds a NUL");
  },
};

/** A.B.C.D:port, or "dynamic". */
export const ENDPOINT: Kind<string, Endpoint> = text((raw, path) => {
  const endpoint = raw === DYNAMIC ? UNKNOWN_ENDPOINT : parseEndpoint(raw);
  if (endpoint !== null) return endpoint;
  throw subnetraError("InvalidEndpoint", path, `${quoted(raw)} is not A.B.C.D:port`);
});

/** name:port, or null where the field is absent. */
export const HOST_AND_PORT: Kind<string | null, string | null> = {
  read: (reader) => reader.readString(),
  convert: (raw, path) => {
    if (raw === null || isHostAndPort(raw)) return raw;
    throw subnetraError("InvalidEndpointHost", path, `${quoted(raw)} is not a name and a port`);
  },
};

/** A power of two of sequence numbers. */
export const WINDOW: Kind<number, number> = {
  read: (reader) => U32.read(reader),
  convert: (raw, path) => {
    if (raw >= MIN_REPLAY_WINDOW && raw <= MAX_REPLAY_WINDOW && (raw & (raw - 1)) === 0) return raw;
    throw subnetraError("InvalidReplayWindow", path, `${raw} is not one of 64, 128, 256 ... 8192`);
  },
};

/** At most 32 bytes of 0x20 … 0x7E. */
export const LABEL: Kind<string, string> = text((raw, path) => {
  let usable = raw.length <= MAX_NAME_LENGTH;
  for (let i = 0; usable && i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    usable = code >= 0x20 && code <= 0x7e;
  }
  if (usable) return raw;
  throw subnetraError("InvalidPeerName", path, `${quoted(raw)} is not a usable name`);
});

/** The mesh-wide key of old: it may be there, but empty. */
export const REMOVED_KEY: Kind<boolean, null> = {
  read: (reader) => {
    reader.readRaw();
    return reader.tokens.textEnd > reader.tokens.textStart;
  },
  convert: (raw, path) => {
    if (!raw) return null;
    const what = "the mesh-wide key is no longer supported";
    throw subnetraError("InvalidPsk", path, what, "move it into the peer's own psk field");
  },
};

/** A key as it was read: 32 bytes, or why there are none. Whoever gives up the raw value wipes the bytes. */
export type RawKey = Uint8Array | "missing" | "malformed";

export const KEY: Kind<RawKey, Uint8Array> = {
  read: (reader) => {
    reader.readRaw();
    return decodeKey(reader);
  },
  convert: (raw, path) => {
    if (typeof raw !== "string") return raw;
    const what = raw === "missing" ? "the key is missing" : "the key is not 64 hexadecimal digits";
    throw subnetraError("InvalidPsk", path, what);
  },
};

/** Memory for key material. Small typed arrays without a buffer of their own live where V8 moves and copies them. */
function keyMemory(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** Decodes 64 hexadecimal digits; nothing is left in other memory. */
function decodeKey(reader: DocumentReader): RawKey {
  const psk = keyMemory(KEY_LENGTH);
  const digits = keyMemory(KEY_LENGTH * 2);
  const length = reader.decodeText(digits);
  let ok = length === digits.length;
  for (let i = 0; ok && i < psk.length; i++) {
    const high = hexDigit(digits[2 * i]!);
    const low = hexDigit(digits[2 * i + 1]!);
    ok = high >= 0 && low >= 0;
    psk[i] = (high << 4) | low;
  }
  wipe(digits);
  if (ok) return psk;
  wipe(psk);
  return length === 0 ? "missing" : "malformed";
}
