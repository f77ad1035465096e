// Whether a configuration, which holds keys, is its owner's alone.

import { modeText, openFileStatus } from "../file-status.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { TYPE_FILE } from "../sys.ts";

const ROOT = 0;
/** Read or write, for the group or for everybody. */
const BY_OTHERS = 0o066;
const PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@,";

/** A path as one word of a shell's command line. */
function shellWord(path: string): string {
  let plain = path !== "" && path.charAt(0) !== "-";
  for (let i = 0; i < path.length && plain; i++) plain = PLAIN.indexOf(path.charAt(i)) >= 0;
  return plain ? path : `'${printable(path).split("'").join("'\\''")}'`;
}

/**
 * One line for each thing wrong with an open configuration file: others may read or write it, or somebody other than
 * root and this user owns it. "" when all is well, and for pipes and devices, whose mode says nothing. Overwrites the
 * begin of REGION_SCRATCH.
 */
export function accessWarnings(host: Host, fd: number, path: string): string {
  const file = openFileStatus(host, fd);
  if (typeof file === "number" || file.type !== TYPE_FILE) return "";
  const word = shellWord(path);
  const what = `warning: ${word} has mode ${modeText(file.mode)} and owner ${file.owner}`;
  const user = host.sys.userId();
  let lines = "";
  if (file.owner !== ROOT && file.owner !== user)
    lines += `${what}: that user may read and change its keys; run: chown ${user} ${word}\n`;
  if ((file.mode & BY_OTHERS) !== 0)
    lines += `${what}: others may read or write its keys; run: chmod 600 ${word}\n`;
  return lines;
}
