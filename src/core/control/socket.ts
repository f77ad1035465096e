// The daemon's control socket: where it lies, how it is taken, and its datagrams, control-protocol.md §1.

import { errnoText } from "../errno-text.ts";
import { type SubnetraError, subnetraError } from "../errors.ts";
import { type FileStatus, fileStatus, openFileStatus, sameFile } from "../file-status.ts";
import type { Host } from "../host.ts";
import { MAX_DAEMON_SOCKET, MAX_REQUEST } from "../limits.ts";
import { directoryOf } from "../policy/snapshot.ts";
import {
  type ClientSys,
  EAGAIN,
  ECONNREFUSED,
  EINPROGRESS,
  EMSGSIZE,
  ENOENT,
  errnoOf,
  OPEN_LOCK,
  TYPE_SOCKET,
  UNIX_SEND_BUFFER,
} from "../sys.ts";

const OWNER_ONLY = 0o600;
/** A rival needs milliseconds between taking the lock and giving it back. */
const LOCK_TRIES = 300;
const LOCK_PAUSE_MS = 10;

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

/** A bound control socket. */
export class ControlSocket {
  private readonly host: Host;
  private readonly path: string;
  private readonly fd: number;
  /** The socket file as it was after binding. */
  private readonly file: FileStatus | null;
  private sender = "";

  /** Takes over a descriptor bound to `path`. */
  constructor(host: Host, path: string, fd: number) {
    this.host = host;
    this.path = path;
    this.fd = fd;
    const file = fileStatus(host, path);
    this.file = typeof file === "number" ? null : file;
  }

  /** True when only the owner may send to the socket. */
  isPrivate(): boolean {
    return this.file !== null && this.file.mode === OWNER_ONLY;
  }

  /** The next request as a byte string: "" for one that must be ignored (over 4096 bytes), null when none is left. */
  receive(): string | null {
    const { sys } = this.host;
    const request = sys.unixReceive(this.fd, MAX_REQUEST);
    this.sender = typeof request === "number" ? "" : sys.unixSender();
    if (typeof request !== "number") return request;
    return errnoOf(request) === EMSGSIZE ? "" : null;
  }

  /** Whether the last request can be answered. */
  get answerable(): boolean {
    return this.sender !== "";
  }

  /** Answers the sender of the last request, best effort; nothing happens when it has no address. 0 or -errno. */
  reply(text: string): number {
    return this.sender === "" ? 0 : this.host.sys.unixSend(this.fd, text, this.sender);
  }

  /**
   * Removes the socket file, unless another's stands there by now, and closes the socket: in this order, because a
   * daemon that starts meanwhile replaces only what nobody listens on.
   */
  close(): void {
    const now = fileStatus(this.host, this.path);
    if (this.file !== null && typeof now !== "number" && sameFile(now, this.file))
      this.host.sys.unlink(this.path);
    this.host.sys.close(this.fd);
  }
}

/**
 * Takes the place of the control socket. A stale socket is removed; a live daemon, or anything that is not a socket,
 * is left alone.
 *
 * @returns the socket, or null when this process restarts and binds after that
 * @throws SubnetraError BindFailed, SocketFailed, ChmodFailed
 */
export function bindControl(host: Host, path: string): ControlSocket | null {
  const { sys } = host;
  // macOS keeps its socket in a directory that always exists.
  if (sys.os !== "macos") sys.mkdir(directoryOf(path), 0o755);
  const inherited = sys.unixInherited(path);
  if (inherited >= 0) {
    sys.watchControl(inherited);
    return new ControlSocket(host, path, inherited);
  }
  refuseTaken(host, path);
  if (errnoOf(inherited) === EINPROGRESS) return null;
  const lock = takeLock(host, `${path}.lock`);
  try {
    return bindUnderLock(host, path);
  } finally {
    // While the lock is held, so that nobody can hold it on a file that is gone.
    sys.unlink(`${path}.lock`);
    sys.close(lock);
  }
}

/** Between the look at a stale socket and its removal no other daemon can have bound: both happen under the lock. */
function bindUnderLock(host: Host, path: string): ControlSocket {
  const { sys } = host;
  if (refuseTaken(host, path)) sys.unlink(path);
  const fd = sys.unixOpen(UNIX_SEND_BUFFER);
  if (fd < 0) throw subnetraError("SocketFailed", "", `no socket could be made (${errnoText(errnoOf(fd))})`);
  // First: from the moment the socket file exists no signal may end the process before the file is removed.
  sys.watchControl(fd);
  const bound = sys.unixBind(fd, path, OWNER_ONLY);
  if (bound < 0) {
    sys.watchControl(-1);
    sys.close(fd);
    throw bindFailed(`the socket could not be bound (${errnoText(errnoOf(bound))})`);
  }
  const socket = new ControlSocket(host, path, fd);
  if (socket.isPrivate()) return socket;
  sys.watchControl(-1);
  socket.close();
  throw subnetraError("ChmodFailed", "", "its mode could not be set: the file system keeps none");
}

/** Looks at what stands at the path. True for a stale socket. @throws SubnetraError BindFailed unless it may go */
function refuseTaken(host: Host, path: string): boolean {
  const file = fileStatus(host, path);
  if (file === -ENOENT) return false;
  if (typeof file === "number") throw unexamined(file);
  if (file.type !== TYPE_SOCKET) {
    throw bindFailed(
      "something that is not a socket is there",
      "remove it, or set SUBNETRA_SOCK to another path",
    );
  }
  const probe = connectOnce(host, path);
  if (probe >= 0) {
    throw bindFailed(
      "a running daemon answers there",
      "stop it first, or give this one its own SUBNETRA_SOCK",
    );
  }
  if (errnoOf(probe) === ENOENT) return false;
  if (errnoOf(probe) !== ECONNREFUSED) throw unexamined(probe);
  return true;
}

/** 0 when somebody listens on the socket, else -errno. */
function connectOnce(host: Host, path: string): number {
  const fd = host.sys.unixOpen(0);
  if (fd < 0) return fd;
  const result = host.sys.unixConnect(fd, path);
  host.sys.close(fd);
  return result;
}

/** Holds the lock file, which only its owner can open. Its descriptor. @throws SubnetraError BindFailed */
function takeLock(host: Host, path: string): number {
  const { sys } = host;
  for (let i = 0; i < LOCK_TRIES; i++) {
    const fd = sys.open(path, OPEN_LOCK);
    if (fd < 0) throw bindFailed(`the socket could not be bound (${errnoText(errnoOf(fd))})`);
    const locked = sys.lock(fd);
    // Its last holder has removed the file: a lock on one that is gone keeps nobody out.
    if (locked >= 0 && isAt(host, fd, path)) return fd;
    // A file system without locks is no reason not to start.
    if (locked < 0 && errnoOf(locked) !== EAGAIN) return fd;
    sys.close(fd);
    if (locked < 0) sys.poll(-1, 0, LOCK_PAUSE_MS);
  }
  throw bindFailed(`another daemon has been starting there for ${(LOCK_TRIES * LOCK_PAUSE_MS) / 1000} s`);
}

/** True while an open file is the one at the path. */
function isAt(host: Host, fd: number, path: string): boolean {
  const open = openFileStatus(host, fd);
  const there = fileStatus(host, path);
  return typeof open !== "number" && typeof there !== "number" && sameFile(open, there);
}

function bindFailed(detail: string, remedy?: string): SubnetraError {
  return subnetraError("BindFailed", "", detail, remedy);
}

function unexamined(result: number): SubnetraError {
  return bindFailed(`the place cannot be examined (${errnoText(errnoOf(result))})`);
}
