// Where the control socket lies and how the daemon takes its place there, control-protocol.md §1.

import { errnoText } from "../errno-text.ts";
import { subnetraError } from "../errors.ts";
import type { Host } from "../host.ts";
import { MAX_DAEMON_SOCKET } from "../limits.ts";
import { directoryOf } from "../policy/snapshot.ts";
import {
  type ClientSys,
  CONTROL_CHMOD,
  CONTROL_SOCKET,
  ECONNREFUSED,
  EEXIST,
  ENOENT,
  errnoOf,
  stageOf,
} from "../sys.ts";

/** SUBNETRA_SOCK, or the system's default; an empty value counts as unset. */
export function socketPath(sys: ClientSys): string {
  return (
    sys.env("SUBNETRA_SOCK") ||
    (sys.os === "macos" ? "/var/run/subnetra.sock" : "/run/subnetra/subnetra.sock")
  );
}

/** @throws SubnetraError PathTooLong: the snapshot's suffix must fit behind the path */
export function checkSocketPath(path: string): void {
  if (path.length > MAX_DAEMON_SOCKET) {
    throw subnetraError(
      "PathTooLong",
      "",
      `the socket path has ${path.length} bytes, the limit is ${MAX_DAEMON_SOCKET}`,
      "set SUBNETRA_SOCK to a shorter path",
    );
  }
}

/**
 * Binds the control socket. A stale socket is removed; a live daemon, or anything that is not a socket, is left
 * alone.
 *
 * @throws SubnetraError BindFailed, SocketFailed, ChmodFailed
 */
export function bindControl(host: Host, path: string): void {
  const { sys } = host;
  // macOS keeps its socket in a directory that always exists.
  if (sys.os !== "macos") sys.mkdir(directoryOf(path), 0o755);
  const found = sys.controlProbe(path);
  if (found >= 0) {
    throw subnetraError(
      "BindFailed",
      "",
      "a running daemon answers there",
      "stop it first, or give this one its own SUBNETRA_SOCK",
    );
  }
  checkProbe(errnoOf(found));
  if (errnoOf(found) === ECONNREFUSED) sys.unlink(path);
  const bound = sys.controlBind(path);
  if (bound >= 0) return;
  const stage = stageOf(bound);
  const why = errnoText(errnoOf(bound));
  if (stage === CONTROL_SOCKET) throw subnetraError("SocketFailed", "", `no socket could be made (${why})`);
  if (stage === CONTROL_CHMOD) throw subnetraError("ChmodFailed", "", `its mode could not be set (${why})`);
  throw subnetraError("BindFailed", "", `the socket could not be bound (${why})`);
}

function checkProbe(errno: number): void {
  if (errno === ENOENT || errno === ECONNREFUSED) return;
  if (errno === EEXIST) {
    throw subnetraError(
      "BindFailed",
      "",
      "something that is not a socket is there",
      "remove it, or set SUBNETRA_SOCK to another path",
    );
  }
  throw subnetraError("BindFailed", "", `the place cannot be examined (${errnoText(errno)})`);
}
