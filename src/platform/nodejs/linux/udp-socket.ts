// Opening the UDP sockets of the data plane.

import { failure, UDP_BIND, UDP_SOCKET } from "../../../core/sys.ts";
import { closeFile } from "../files.ts";
import { bindSocket, errno, getsockname, socket } from "../libc.ts";
import { structures } from "../native-memory.ts";
import {
  AF_INET,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./constants.ts";
import { isSocket, raiseBufferSize, setOption } from "./socket-option.ts";

const SOCKADDR_IN_SIZE = 16;
/** Room for bursts while this process does something else: about 10 ms of a 3 Gbit/s stream. */
const BUFFER_BYTES = 4 << 20;

const ADDRESS = structures.reserve(SOCKADDR_IN_SIZE);
const VALUE = structures.reserve(4);

/** Opens a UDP socket on 0.0.0.0:port. Its descriptor or -(stage, errno). */
export function openUdpSocket(port: number): number {
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure(UDP_SOCKET, errno());
  structures.u8.fill(0, ADDRESS, ADDRESS + SOCKADDR_IN_SIZE);
  structures.u8[ADDRESS] = AF_INET;
  structures.u8[ADDRESS + 2] = port >> 8;
  structures.u8[ADDRESS + 3] = port;
  if (bindSocket(fd, structures.address(ADDRESS), SOCKADDR_IN_SIZE) < 0) {
    const error = errno();
    closeFile(fd);
    return failure(UDP_BIND, error);
  }
  raiseBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, BUFFER_BYTES);
  raiseBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, BUFFER_BYTES);
  return fd;
}

/** Lets a socket receive coalesced datagrams. Without the option (before Linux 5.0) each comes alone. */
export function enableGro(fd: number): void {
  setOption(fd, SOL_UDP, UDP_GRO, 1);
}

/** True when the kernel knows UDP_SEGMENT (Linux 4.18). 0 leaves the socket as it is: no segmentation by default. */
export function supportsSegmentation(fd: number): boolean {
  return setOption(fd, SOL_UDP, UDP_SEGMENT, 0);
}

/** Port a descriptor is bound to when it is a UDP socket, else -1. */
export function udpPort(fd: number): number {
  if (!isSocket(fd, AF_INET, SOCK_DGRAM)) return -1;
  structures.u32[VALUE >> 2] = SOCKADDR_IN_SIZE;
  if (getsockname(fd, structures.address(ADDRESS), structures.address(VALUE)) < 0) return -1;
  return (structures.u8[ADDRESS + 2]! << 8) | structures.u8[ADDRESS + 3]!;
}
