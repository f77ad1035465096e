// The daemon's control socket, control-protocol.md §1.

import { type Stats, statSync } from "node:fs";
import {
  CONTROL_BIND,
  CONTROL_CHMOD,
  CONTROL_SOCKET,
  EEXIST,
  EINTR,
  EMSGSIZE,
  ENAMETOOLONG,
  EPERM,
} from "../../../core/sys.ts";
import { attempt, closeFile, pathBytes, unlinkFile } from "../files.ts";
import { bindSocket, connect, errno, getsockname, recvfrom, sendto, socket, umask } from "../libc.ts";
import { NativeMemory, structures } from "../native-memory.ts";
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCKADDR_UN_PATH,
  SOCKADDR_UN_SIZE,
} from "./constants.ts";
import { isSocket } from "./socket-type.ts";
import { raiseBufferSize } from "./udp-socket.ts";
import { readUnixPath, UNIX_ADDRESS, writeUnixAddress } from "./unix-address.ts";

const REQUEST_LIMIT = 4096;
/** A status reply with every peer of a large table fits. */
const REPLY_LIMIT = 1 << 20;
const MODE_BITS = 0o777;
const OWNER_ONLY = 0o600;
const ALL_BUT_OWNER = 0o177;

const LENGTH = structures.reserve(4);

/** Sys.controlProbe. */
export function probeControl(path: string): number {
  const length = writeUnixAddress(path);
  if (length === 0) return -ENAMETOOLONG;
  const type = attempt(() => (statSync(pathBytes(path)).isSocket() ? 0 : -EEXIST));
  if (type !== 0) return type;
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno();
  const result = connect(fd, UNIX_ADDRESS, length) < 0 ? -errno() : 0;
  closeFile(fd);
  return result;
}

/** Path a descriptor is bound to when it is a unix datagram socket, else "". */
export function controlPath(fd: number): string {
  if (!isSocket(fd, AF_UNIX, SOCK_DGRAM)) return "";
  structures.u32[LENGTH >> 2] = SOCKADDR_UN_SIZE;
  if (getsockname(fd, UNIX_ADDRESS, structures.address(LENGTH)) < 0) return "";
  return readUnixPath(structures.u32[LENGTH >> 2]!);
}

/** A bound control socket. */
export class ControlSocket {
  readonly fd: number;
  private readonly path: string;
  private readonly node: Stats | null;
  private readonly memory = new NativeMemory(REPLY_LIMIT + REQUEST_LIMIT + 4096);
  private readonly request = this.memory.reserve(REQUEST_LIMIT);
  private readonly reply = this.memory.reserve(REPLY_LIMIT);
  private readonly sender = this.memory.reserve(SOCKADDR_UN_SIZE);
  private readonly senderLength = this.memory.reserve(4);

  /** Takes over a descriptor bound to `path`. */
  constructor(fd: number, path: string) {
    this.fd = fd;
    this.path = path;
    this.node = identify(path);
  }

  /** Sys.controlReceive. */
  receive(): string | null {
    this.memory.u32[this.senderLength >> 2] = SOCKADDR_UN_SIZE;
    const length = recvfrom(
      this.fd,
      this.memory.address(this.request),
      REQUEST_LIMIT,
      MSG_DONTWAIT | MSG_TRUNC,
      this.memory.address(this.sender),
      this.memory.address(this.senderLength),
    );
    if (length < 0) {
      this.memory.u32[this.senderLength >> 2] = 0;
      return errno() === EINTR ? "" : null;
    }
    return length > REQUEST_LIMIT ? "" : this.memory.bytes(this.request, length);
  }

  /** Sys.controlReply. */
  answer(text: string): number {
    const to = this.memory.u32[this.senderLength >> 2]!;
    if (to <= SOCKADDR_UN_PATH) return 0;
    if (text.length > REPLY_LIMIT) return -EMSGSIZE;
    const length = this.memory.setBytes(this.reply, text);
    const from = this.memory.address(this.reply);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    let sent: number;
    do sent = sendto(this.fd, from, length, flags, this.memory.address(this.sender), to);
    while (sent < 0 && errno() === EINTR);
    return sent < 0 ? -errno() : 0;
  }

  /** True when only the owner may send to the socket. */
  isPrivate(): boolean {
    return this.node !== null && (this.node.mode & MODE_BITS) === OWNER_ONLY;
  }

  /** Closes the socket and removes its node, unless somebody else's stands at the path by now. */
  close(): void {
    const node = identify(this.path);
    if (node !== null && this.node !== null && node.ino === this.node.ino && node.dev === this.node.dev)
      unlinkFile(this.path);
    closeFile(this.fd);
  }
}

/**
 * Creates and binds the control socket. The umask gives it mode 0600 from the first moment; where the file system
 * keeps no modes, it is refused. (fchmod of a bound socket does not reach its node on Linux.) The umask is set
 * through the C library because process.umask refuses in a worker thread. The socket, or -(stage, errno).
 */
export function bindControl(path: string): ControlSocket | number {
  const length = writeUnixAddress(path);
  if (length === 0) return -(CONTROL_BIND * 4096 + ENAMETOOLONG);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -(CONTROL_SOCKET * 4096 + errno());
  const before = umask(ALL_BUT_OWNER);
  const error = bindSocket(fd, UNIX_ADDRESS, length) < 0 ? errno() : 0;
  umask(before);
  if (error !== 0) {
    closeFile(fd);
    return -(CONTROL_BIND * 4096 + error);
  }
  const control = new ControlSocket(fd, path);
  if (!control.isPrivate()) {
    control.close();
    return -(CONTROL_CHMOD * 4096 + EPERM);
  }
  raiseBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, REPLY_LIMIT);
  return control;
}

function identify(path: string): Stats | null {
  try {
    return statSync(pathBytes(path));
  } catch {
    return null;
  }
}
