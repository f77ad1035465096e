// Unix datagram sockets: UnixSys of src/core/sys.ts.

import { EINTR, EMSGSIZE, ENAMETOOLONG, UNIX_TEXT_LIMIT } from "../../../core/sys.ts";
import {
  bindSocket,
  connect,
  errno,
  getsockname,
  poll,
  recvfrom,
  send,
  sendto,
  socket,
  umask,
} from "../libc.ts";
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
  UNIX_PATH_MAX,
} from "./constants.ts";
import { isSocket, raiseBufferSize } from "./socket-option.ts";

const MODE_BITS = 0o777;
const ADDRESS = structures.reserve(SOCKADDR_UN_SIZE);
const AT = structures.address(ADDRESS);
const LENGTH = structures.reserve(4);
const POLLFD = structures.reserve(8);

/** Text on its way in or out; pages that no text reaches cost nothing. */
const text = new NativeMemory(UNIX_TEXT_LIMIT);

/** Address of the last sender. */
let sender = "";

/** Writes an address to ADDRESS. Its length, or 0 when it is too long. */
function writeAddress(address: string): number {
  if (address.length > UNIX_PATH_MAX) return 0;
  structures.u8.fill(0, ADDRESS, ADDRESS + SOCKADDR_UN_SIZE);
  structures.u8[ADDRESS] = AF_UNIX;
  const length = SOCKADDR_UN_PATH + structures.setBytes(ADDRESS + SOCKADDR_UN_PATH, address);
  // A path ends with a NUL where one fits. An abstract name, which begins with one, has its length; without any the
  // kernel chooses.
  return address === "" || address.charCodeAt(0) === 0 || length === SOCKADDR_UN_SIZE ? length : length + 1;
}

/** The address that the kernel has written to ADDRESS, and its length to LENGTH. */
function readAddress(): string {
  const length = structures.u32[LENGTH >> 2]! - SOCKADDR_UN_PATH;
  if (length <= 0) return "";
  return structures.u8[ADDRESS + SOCKADDR_UN_PATH] === 0
    ? structures.bytes(ADDRESS + SOCKADDR_UN_PATH, length)
    : structures.string(ADDRESS + SOCKADDR_UN_PATH, length);
}

/** Sys.unixOpen. */
export function unixOpen(buffer: number): number {
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno();
  if (buffer > 0) raiseBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer);
  return fd;
}

/**
 * Sys.unixBind. The umask gives the file its mode: changing it through the descriptor does not reach the file. It is
 * set through the C library because process.umask refuses in a worker thread.
 */
export function unixBind(fd: number, path: string, mode: number): number {
  const length = writeAddress(path);
  if (length === 0) return -ENAMETOOLONG;
  const before = umask(~mode & MODE_BITS);
  const error = bindSocket(fd, AT, length) < 0 ? errno() : 0;
  umask(before);
  return error === 0 ? 0 : -error;
}

/** Sys.unixConnect. */
export function unixConnect(fd: number, address: string): number {
  const length = writeAddress(address);
  if (length === 0) return -ENAMETOOLONG;
  return connect(fd, AT, length) < 0 ? -errno() : 0;
}

/** Sys.unixSend. */
export function unixSend(fd: number, bytes: string, address: string): number {
  if (bytes.length > UNIX_TEXT_LIMIT) return -EMSGSIZE;
  const to = address === "" ? 0 : writeAddress(address);
  if (to === 0 && address !== "") return -ENAMETOOLONG;
  const length = text.setBytes(0, bytes);
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  let sent: number;
  do sent = to === 0 ? send(fd, text.base, length, flags) : sendto(fd, text.base, length, flags, AT, to);
  while (sent < 0 && errno() === EINTR);
  return sent < 0 ? -errno() : 0;
}

/** Sys.unixReceive. */
export function unixReceive(fd: number, limit: number): string | number {
  const room = Math.min(limit, UNIX_TEXT_LIMIT);
  let length: number;
  do {
    structures.u32[LENGTH >> 2] = SOCKADDR_UN_SIZE;
    length = recvfrom(fd, text.base, room, MSG_DONTWAIT | MSG_TRUNC, AT, structures.address(LENGTH));
  } while (length < 0 && errno() === EINTR);
  if (length < 0) return -errno();
  sender = readAddress();
  return length > room ? -EMSGSIZE : text.bytes(0, length);
}

/** Sys.unixSender. */
export function unixSender(): string {
  return sender;
}

/** Address a descriptor is bound to when it is a unix datagram socket, else "". */
export function unixName(fd: number): string {
  if (!isSocket(fd, AF_UNIX, SOCK_DGRAM)) return "";
  structures.u32[LENGTH >> 2] = SOCKADDR_UN_SIZE;
  return getsockname(fd, AT, structures.address(LENGTH)) < 0 ? "" : readAddress();
}

/** Sys.poll. */
export function pollOne(fd: number, events: number, timeoutMs: number): number {
  structures.u32[POLLFD >> 2] = fd;
  structures.u32[(POLLFD >> 2) + 1] = events;
  return poll(structures.address(POLLFD), 1, timeoutMs) > 0 ? 1 : 0;
}
