// Files that hold keys: mode 0600 from the first moment, a whole set of them or none.

import { REGION_SCRATCH, SCRATCH_LENGTH } from "../../engine/abi.ts";
import { errnoText } from "../errno-text.ts";
import type { Host } from "../host.ts";
import { writeText } from "../memory.ts";
import { EEXIST, EINTR, ENOENT, errnoOf, OPEN_CREATE, STAT_TYPE, TYPE_DIRECTORY } from "../sys.ts";
import { ToolFailure } from "./arguments.ts";
import type { GeneratedFile } from "./config-text.ts";

const FOLDER_MODE = 0o700;
/** What a file is called until all of them are written. */
const UNFINISHED = ".new";

function refused(what: string, path: string, result: number): ToolFailure {
  return new ToolFailure(`${what} ${path} (${errnoText(errnoOf(result))})`, "WriteFailed");
}

/** Makes the folder unless it is there. */
function makeFolder(host: Host, folder: string): void {
  const { engine, sys } = host;
  const made = sys.mkdir(folder, FOLDER_MODE);
  if (made >= 0) return;
  const at = engine.call.region(REGION_SCRATCH);
  const there = errnoOf(made) === EEXIST && sys.stat(`${folder}/.`, at) >= 0;
  if (there && engine.u32[(at + STAT_TYPE) >> 2] === TYPE_DIRECTORY) return;
  throw refused("cannot make the folder", folder, made);
}

function exists({ engine, sys }: Host, path: string): boolean {
  const result = sys.stat(path, engine.call.region(REGION_SCRATCH));
  return result >= 0 || errnoOf(result) !== ENOENT;
}

/** Creates a file that was not there. */
function create(host: Host, path: string, text: string): void {
  const { engine, sys } = host;
  if (text.length > SCRATCH_LENGTH) throw new ToolFailure(`${path} would be too large`, "WriteFailed");
  const fd = sys.open(path, OPEN_CREATE);
  if (fd < 0) throw refused("cannot create", path, fd);
  const at = engine.call.region(REGION_SCRATCH);
  writeText(engine.u8, at, text);
  let done = 0;
  let result = 0;
  while (done < text.length) {
    result = sys.write(fd, at + done, text.length - done);
    if (result < 0 && errnoOf(result) === EINTR) continue;
    if (result <= 0) break;
    done += result;
  }
  for (let i = 0; i < text.length; i++) engine.u8[at + i] = 0;
  if (done === text.length) result = sys.fsync(fd);
  const closed = sys.close(fd);
  if (done < text.length || result < 0 || closed < 0) throw refused("cannot write", path, result);
}

/**
 * Writes files into a folder, which is made when it is missing. When one cannot be written, none is there afterwards
 * that was not there before.
 *
 * @param force whether files of these names may be replaced
 * @throws ToolFailure
 */
export function writePrivateFiles(
  host: Host,
  folder: string,
  files: readonly GeneratedFile[],
  force: boolean,
): void {
  makeFolder(host, folder);
  for (let i = 0; i < files.length && !force; i++) {
    const path = `${folder}/${files[i]!.name}`;
    if (exists(host, path))
      throw new ToolFailure(`${path} exists and may hold keys in use: nothing was written (see --force)`);
  }
  let written = 0;
  try {
    for (; written < files.length; written++) {
      const path = `${folder}/${files[written]!.name}${UNFINISHED}`;
      // What an earlier run was killed over.
      host.sys.unlink(path);
      create(host, path, files[written]!.text);
    }
  } catch (error) {
    for (let i = 0; i <= written && i < files.length; i++)
      host.sys.unlink(`${folder}/${files[i]!.name}${UNFINISHED}`);
    throw error;
  }
  for (let i = 0; i < files.length; i++) {
    const path = `${folder}/${files[i]!.name}`;
    const renamed = host.sys.rename(path + UNFINISHED, path);
    if (renamed < 0) throw refused("cannot write", path, renamed);
  }
}
