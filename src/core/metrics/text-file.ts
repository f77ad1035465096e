// The file that node_exporter's textfile collector reads: always a whole one (metrics.md §4).

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { errnoText } from "../errno-text.ts";
import type { Host } from "../host.ts";
import { writeText } from "../memory.ts";
import { directoryOf } from "../policy/snapshot.ts";
import { EEXIST, EINTR, ENOENT, errnoOf, OPEN_PUBLIC } from "../sys.ts";
import { ToolFailure } from "../tools/arguments.ts";
import { toHex } from "../tools/hex.ts";

const FOLDER_MODE = 0o755;
const SUFFIX_BYTES = 4;

/**
 * Replaces a file, for everybody to read. Whoever reads it sees the old one or the new one; when something fails, the old
 * one stays. Not synced: the next one comes in seconds, and a router's flash should not suffer for it.
 *
 * @param write gives the pieces of the text, byte strings, to its argument
 * @throws ToolFailure WriteFailed
 */
export function replaceTextFile(
  host: Host,
  path: string,
  write: (emit: (piece: string) => void) => void,
): void {
  const { sys } = host;
  // A name of its own, without the ending that the collector looks for: two writers must not share a file.
  const temporary = `${path}.${randomSuffix(host)}`;
  const fd = create(host, temporary);
  if (fd < 0) throw refused(path, fd);
  let failed = 0;
  write((piece) => {
    if (failed >= 0) failed = append(host, fd, piece);
  });
  const closed = sys.close(fd);
  if (failed >= 0) failed = closed >= 0 ? sys.rename(temporary, path) : closed;
  if (failed >= 0) return;
  sys.unlink(temporary);
  throw refused(path, failed);
}

function refused(path: string, result: number): ToolFailure {
  return new ToolFailure(`cannot write ${path} (${errnoText(errnoOf(result))})`, "WriteFailed");
}

function randomSuffix({ engine, sys }: Host): string {
  const at = engine.call.region(REGION_SCRATCH);
  const result = sys.random(at, SUFFIX_BYTES);
  if (result < 0) throw new ToolFailure("secure entropy source unavailable", "EntropyUnavailable");
  return toHex(engine.u8, at, SUFFIX_BYTES);
}

/** Creates a file, and the directories above it where they are missing. A descriptor or -errno. */
function create({ sys }: Host, path: string): number {
  const fd = sys.open(path, OPEN_PUBLIC);
  if (errnoOf(fd) !== ENOENT || fd >= 0) return fd;
  const directory = directoryOf(path);
  for (let at = 1; at <= directory.length; at++) {
    if (at < directory.length && directory.charAt(at) !== "/") continue;
    const made = sys.mkdir(directory.substring(0, at), FOLDER_MODE);
    if (made < 0 && errnoOf(made) !== EEXIST && at === directory.length) return made;
  }
  return sys.open(path, OPEN_PUBLIC);
}

/** Writes all of a text. 0 or -errno. */
function append({ engine, sys }: Host, fd: number, text: string): number {
  const scratch = engine.call.region(REGION_SCRATCH);
  for (let start = 0; start < text.length; start += SCRATCH_LENGTH) {
    const piece = text.substring(start, start + SCRATCH_LENGTH);
    writeText(engine.u8, scratch, piece);
    let done = 0;
    while (done < piece.length) {
      const n = sys.write(fd, scratch + done, piece.length - done);
      if (n < 0 && errnoOf(n) === EINTR) continue;
      if (n < 0) return n;
      done += n;
    }
  }
  return 0;
}
