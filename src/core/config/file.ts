// Finding and reading the configuration, config.md §1.

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { errnoText } from "../errno-text.ts";
import { type SubnetraError, subnetraError } from "../errors.ts";
import type { Host } from "../host.ts";
import { CONFIG_BYTES_PER_PEER, MAX_CONFIG_LENGTH, MAX_PATH } from "../limits.ts";
import { wipe, wipeKeys } from "../memory.ts";
import { ENOENT, errnoOf, OPEN_READ } from "../sys.ts";
import { accessWarnings } from "./access.ts";
import { Remarks } from "./remarks.ts";
import { type Config, defaultConfig, parseConfig } from "./values.ts";

export interface ConfigSource {
  readonly path: string;
  /** True when somebody named the path, so that the file must exist. */
  readonly named: boolean;
}

/** The path from --config, else SUBNETRA_CONFIG, else config.json. @throws SubnetraError PathTooLong */
export function resolveConfig(host: Host, argument: string | null): ConfigSource {
  const named = argument !== null ? argument : host.sys.env("SUBNETRA_CONFIG") || null;
  if (named !== null && named.length > MAX_PATH) {
    throw subnetraError("PathTooLong", "", `the path has ${named.length} bytes, the limit is ${MAX_PATH}`);
  }
  return { path: named === null ? "config.json" : named, named: named !== null };
}

export interface LoadedConfig {
  readonly config: Config;
  /** Lines about the file's mode and owner, "" when nobody else can use it. */
  readonly warnings: string;
}

/**
 * Reads and parses the file. Its bytes are wiped from memory afterwards.
 *
 * @param remarks takes what is odd in it, also when it is refused
 * @throws SubnetraError with the codes of config.md §1–§4
 */
export function loadConfig(host: Host, source: ConfigSource, remarks: Remarks = new Remarks()): LoadedConfig {
  const fd = host.sys.open(source.path, OPEN_READ);
  if (fd < 0) {
    if (errnoOf(fd) !== ENOENT)
      throw subnetraError("ConfigOpenFailed", "", `the file cannot be opened (${errnoText(errnoOf(fd))})`);
    if (source.named) throw subnetraError("ConfigNotFound", "", "the file does not exist");
    return { config: defaultConfig(), warnings: "" };
  }
  const scratch = host.engine.call.region(REGION_SCRATCH);
  const warnings = accessWarnings(host, fd, source.path);
  remarks.access = warnings;
  let length = 0;
  try {
    length = readWhole(host, fd, scratch, SCRATCH_LENGTH);
    if (length < 0)
      throw subnetraError("ConfigReadFailed", "", `the file cannot be read (${errnoText(errnoOf(length))})`);
    const bytes = host.engine.u8.subarray(scratch, scratch + length);
    return { config: parseSized(bytes, length, remarks), warnings };
  } finally {
    wipe(host.engine.u8.subarray(scratch, scratch + Math.max(length, 0)));
    host.sys.close(fd);
  }
}

/** Parses a file of up to 64 KiB, or of as much more as its own max_peers calls for. */
function parseSized(bytes: Uint8Array, length: number, remarks: Remarks): Config {
  if (length > MAX_CONFIG_LENGTH && !mentions(bytes, '"max_peers"')) throw tooBig(length, MAX_CONFIG_LENGTH);
  const config = parseConfig(bytes, length, remarks);
  const limit = MAX_CONFIG_LENGTH + config.maxPeers * CONFIG_BYTES_PER_PEER;
  if (length <= limit && length < SCRATCH_LENGTH) return config;
  wipeKeys(config.peers);
  throw tooBig(length, limit);
}

function tooBig(length: number, limit: number): SubnetraError {
  return subnetraError("FileTooBig", "", `the file has ${length} bytes, the limit is ${limit}`);
}

function mentions(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i + text.length <= bytes.length; i++) {
    let k = 0;
    while (k < text.length && bytes[i + k] === text.charCodeAt(k)) k++;
    if (k === text.length) return true;
  }
  return false;
}

/** Bytes read up to `limit`, or a negative errno; then nothing that was read is left. */
function readWhole(host: Host, fd: number, offset: number, limit: number): number {
  let length = 0;
  while (length < limit) {
    const n = host.sys.read(fd, offset + length, limit - length);
    if (n < 0) {
      wipe(host.engine.u8.subarray(offset, offset + length));
      return n;
    }
    if (n === 0) break;
    length += n;
  }
  return length;
}
