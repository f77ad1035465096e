// Finding and reading the configuration, config.md §1.

import { REGION_SCRATCH } from "../engine/abi.ts";
import { type Config, defaultConfig, parseConfig } from "./config.ts";
import { errnoText } from "./errno-text.ts";
import { subnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { MAX_CONFIG_LENGTH, MAX_PATH } from "./limits.ts";
import { wipe } from "./memory.ts";
import { ENOENT, errnoOf, OPEN_READ } from "./sys.ts";

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

/**
 * Reads and parses the file. Its bytes are wiped from memory afterwards.
 *
 * @throws SubnetraError with the codes of config.md §1–§4
 */
export function loadConfig(host: Host, source: ConfigSource): Config {
  const fd = host.sys.open(source.path, OPEN_READ);
  if (fd < 0) {
    if (errnoOf(fd) !== ENOENT)
      throw subnetraError("ConfigOpenFailed", "", `the file cannot be opened (${errnoText(errnoOf(fd))})`);
    if (source.named) throw subnetraError("ConfigNotFound", "", "the file does not exist");
    return defaultConfig();
  }
  // One byte more than allowed tells a file that is too big.
  const scratch = host.engine.call.region(REGION_SCRATCH);
  const bytes = host.engine.u8.subarray(scratch, scratch + MAX_CONFIG_LENGTH + 1);
  try {
    const length = readWhole(host, fd, scratch, bytes.length);
    if (length < 0)
      throw subnetraError("ConfigReadFailed", "", `the file cannot be read (${errnoText(errnoOf(length))})`);
    if (length > MAX_CONFIG_LENGTH) {
      throw subnetraError("FileTooBig", "", `the file has more than ${MAX_CONFIG_LENGTH} bytes`);
    }
    return parseConfig(bytes, length);
  } finally {
    wipe(bytes);
    host.sys.close(fd);
  }
}

/** Bytes read up to `limit`, or a negative errno. */
function readWhole(host: Host, fd: number, offset: number, limit: number): number {
  let length = 0;
  while (length < limit) {
    const n = host.sys.read(fd, offset + length, limit - length);
    if (n < 0) return n;
    if (n === 0) break;
    length += n;
  }
  return length;
}
