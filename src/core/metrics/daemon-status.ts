// The daemon's status for the metrics, from its control socket.

import { ClientSocket } from "../control/client-socket.ts";
import { socketPath } from "../control/socket.ts";
import { errnoText } from "../errno-text.ts";
import { MAX_SOCKET_LINUX, MAX_SOCKET_MACOS } from "../limits.ts";
import { oneLine } from "../printable.ts";
import { StatusCollector } from "../status/collector.ts";
import {
  type ClientSys,
  EACCES,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  ENOENT,
  EPERM,
  errnoOf,
  POLL_WRITE,
} from "../sys.ts";

/** A daemon answers within this time or not at all. */
export const REPLY_TIMEOUT_MS = 2000;

/** A socket to the daemon, or why there is none. */
export function openStatusSocket(sys: ClientSys): ClientSocket | string {
  const path = socketPath(sys);
  if (path.length > (sys.os === "macos" ? MAX_SOCKET_MACOS : MAX_SOCKET_LINUX))
    return `the path of the socket is too long (${oneLine(path)})`;
  const socket = ClientSocket.open(sys, path, true);
  return socket instanceof ClientSocket ? socket : unreachable(sys, socket.errno);
}

/** Why a request cannot reach the daemon. */
export function unreachable(sys: ClientSys, errno: number): string {
  const path = oneLine(socketPath(sys));
  if (errno === ENOENT || errno === ECONNREFUSED || errno === ECONNRESET)
    return `the daemon is not running (socket ${path})`;
  if (errno === EACCES || errno === EPERM)
    return `not allowed to open the socket ${path}: run as root, or as the user of the daemon`;
  return `the socket ${path} cannot be used (${errnoText(errno)})`;
}

/** Asks the daemon and waits: the status in pieces that belong together, or why there is none. */
export function askStatus(sys: ClientSys): readonly string[] | string {
  const socket = openStatusSocket(sys);
  if (typeof socket === "string") return socket;
  try {
    const collector = new StatusCollector(false);
    let asking = true;
    while (asking) {
      const sent = sendPatiently(sys, socket, collector.request);
      if (sent < 0) return unreachable(sys, errnoOf(sent));
      asking = collector.take(socket.receive(REPLY_TIMEOUT_MS));
    }
    return collector.problem === "" ? collector.parts : collector.problem;
  } finally {
    socket.close();
  }
}

/** Sends a request, and waits while the daemon's queue is full. 0 or -errno. */
function sendPatiently(sys: ClientSys, socket: ClientSocket, request: string): number {
  const deadline = sys.milliseconds() + REPLY_TIMEOUT_MS;
  for (;;) {
    const sent = socket.send(request);
    if (sent >= 0 || errnoOf(sent) !== EAGAIN || sys.milliseconds() >= deadline) return sent;
    socket.await(POLL_WRITE, REPLY_TIMEOUT_MS);
  }
}
