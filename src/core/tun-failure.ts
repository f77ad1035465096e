// Why the TUN device could not be opened, os-backends.md §1, and what is really missing.
//
// Two permissions are needed, and the stage at which the system refuses tells which one lacks: opening the device
// asks only for the mode of its file, setting up an interface only for CAP_NET_ADMIN.

import { errnoText } from "./errno-text.ts";
import { type SubnetraError, subnetraError } from "./errors.ts";
import { fileStatus, modeText } from "./file-status.ts";
import type { Host } from "./host.ts";
import { oneLine } from "./printable.ts";
import { EACCES, EBUSY, ENOENT, EPERM, errnoOf, stageOf, TUN_OPEN } from "./sys.ts";

const DEVICE = "/dev/net/tun";

/**
 * The error for a failed Sys.tunOpen. Overwrites the begin of REGION_SCRATCH.
 *
 * @param result what it returned, -(stage, errno)
 * @param device the interface's name that was asked for
 */
export function tunFailure(host: Host, result: number, device: string): SubnetraError {
  const errno = errnoOf(result);
  const opening = stageOf(result) === TUN_OPEN;
  const why = errnoText(errno);
  const what = `the interface ${oneLine(device)} could not be opened (${why})`;
  if (errno === EACCES || errno === EPERM) {
    if (host.sys.os === "macos") return subnetraError("AccessDenied", "", what, "run as root");
    return opening ? deviceRefused(host, errno) : subnetraError("AccessDenied", "", what, NEEDS_CAPABILITY);
  }
  if (opening) return subnetraError(errno === ENOENT ? "FileNotFound" : "OpenFailed", "", what);
  const held = `another process holds the interface ${oneLine(device)}`;
  return subnetraError("IoctlFailed", "", errno === EBUSY ? held : what);
}

const NEEDS_CAPABILITY =
  "the device itself opened, this process lacks CAP_NET_ADMIN: run as root or give it the capability";

function deviceRefused(host: Host, errno: number): SubnetraError {
  if (errno === EPERM) {
    const detail = `the system forbids this process the device ${DEVICE}, whatever the file's mode`;
    const remedy = "allow the device to the container or unit (device cgroup)";
    return subnetraError("AccessDenied", "", detail, remedy);
  }
  const file = fileStatus(host, DEVICE);
  const access = typeof file === "number" ? "" : ` (mode ${modeText(file.mode)}, owner ${file.owner})`;
  return subnetraError(
    "AccessDenied",
    "",
    `the file ${DEVICE}${access} may not be opened by user ${host.sys.userId()}, which no CAP_NET_ADMIN changes`,
    `"chmod 666 ${DEVICE}", or a udev rule KERNEL=="tun" with GROUP and MODE="0660"`,
  );
}
