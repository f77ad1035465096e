// Opening the UDP sockets of the data plane.

import { EINVAL, failure, LANE_BUFFER, UDP_BIND, UDP_BUFFER, UDP_SOCKET } from "../../../core/sys.ts";
import { closeFile } from "../files.ts";
import { bindSocket, errno, getsockname, getsockopt, ioctl, setsockopt, socket } from "../libc.ts";
import { structures } from "../native-memory.ts";
import {
  AF_INET,
  BPF_RETURN,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_OMIT,
  SIOCOUTQ,
  SK_MEMINFO_DROPS,
  SO_ATTACH_REUSEPORT_CBPF,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_FILTER_SIZE,
  SOCK_FPROG_FILTER,
  SOCK_FPROG_SIZE,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./constants.ts";
import { isSocket, raiseBufferSize, setOption, socketOption } from "./socket-option.ts";

const SOCKADDR_IN_SIZE = 16;

const ADDRESS = structures.reserve(SOCKADDR_IN_SIZE);
const VALUE = structures.reserve(4);
const LENGTH = structures.reserve(4);
const MEMINFO_SIZE = 4 * (SK_MEMINFO_DROPS + 1);
const MEMINFO = structures.reserve(MEMINFO_SIZE);
const FILTER = structures.reserve(SOCK_FILTER_SIZE);
const PROGRAM = structures.reserve(SOCK_FPROG_SIZE);

/**
 * Has every datagram to the group of this socket go to its first member, which is this socket. On an unbound socket
 * with SO_REUSEPORT it makes the group. False when the kernel refuses (before Linux 4.5), or there is no group.
 */
export function directGroupToMe(fd: number): boolean {
  structures.u32[FILTER >> 2] = BPF_RETURN;
  structures.u32[(FILTER >> 2) + 1] = 0;
  structures.u32[PROGRAM >> 2] = 1;
  structures.setPointer(PROGRAM + SOCK_FPROG_FILTER, structures.address(FILTER));
  const address = structures.address(PROGRAM);
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, address, SOCK_FPROG_SIZE) === 0;
}

/**
 * A UDP socket that believes no ICMP about the path. IP_PMTUDISC_OMIT sends in sizes of the device's MTU whatever
 * "fragmentation needed" anybody claims to have met, and without the DF bit, so that a router in front of a truly
 * narrower link may cut. Kernels before 3.15 do not know it and keep their default: of their other ways, DONT believes
 * the same claims and INTERFACE refuses what is larger than the device's MTU, which costs a link and not only speed.
 */
function newUdpSocket(): number {
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) setOption(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  return fd;
}

/** Binds a socket to 0.0.0.0:port. 0 or an errno. */
function bindPort(fd: number, port: number): number {
  structures.u8.fill(0, ADDRESS, ADDRESS + SOCKADDR_IN_SIZE);
  structures.u8[ADDRESS] = AF_INET;
  structures.u8[ADDRESS + 2] = port >> 8;
  structures.u8[ADDRESS + 3] = port;
  return bindSocket(fd, structures.address(ADDRESS), SOCKADDR_IN_SIZE) < 0 ? errno() : 0;
}

/** Opens a UDP socket on 0.0.0.0:port. Its descriptor or -(stage, errno). */
export function openUdpSocket(port: number): number {
  const fd = newUdpSocket();
  if (fd < 0) return failure(UDP_SOCKET, errno());
  // The group is made before the port is taken, so that no later member ever receives; and the port is taken without
  // SO_REUSEPORT, so that nobody else can have it.
  if (setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) directGroupToMe(fd);
  setOption(fd, SOL_SOCKET, SO_REUSEPORT, 0);
  const error = bindPort(fd, port);
  if (error !== 0) {
    closeFile(fd);
    return failure(UDP_BIND, error);
  }
  raiseBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, UDP_BUFFER);
  raiseBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, UDP_BUFFER);
  return fd;
}

/**
 * Opens a socket that sends from the port of `main` and never receives: a member of its group that the group's
 * program never selects. It must stay open as long as `main`: for a moment while a member leaves, the kernel looks it
 * up without asking the group, and a datagram is lost. Its descriptor, or -errno.
 */
export function openLaneSocket(main: number): number {
  const port = udpPort(main);
  // Without the program half of the datagrams would go astray: see that it is there.
  if (!setOption(main, SOL_SOCKET, SO_REUSEPORT, 1) || !directGroupToMe(main)) return -EINVAL;
  const fd = newUdpSocket();
  if (fd < 0) return -errno();
  setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  setOption(fd, SOL_SOCKET, SO_SNDBUF, LANE_BUFFER);
  setOption(fd, SOL_SOCKET, SO_RCVBUF, 0);
  const error = bindPort(fd, port);
  if (error === 0) return fd;
  closeFile(fd);
  return -error;
}

/** Bytes that a socket has handed to the kernel and that are not sent yet, as the kernel charges them. */
export function bytesOwed(fd: number): number {
  return ioctl(fd, SIOCOUTQ, structures.address(VALUE)) < 0 ? 0 : structures.u32[VALUE >> 2]!;
}

/** Bytes of a socket's send buffer by the kernel's count. */
export function sendBuffer(fd: number): number {
  return socketOption(fd, SO_SNDBUF);
}

/**
 * Datagrams that the kernel has dropped before a socket, a u32 that wraps; -1 where the kernel does not tell (before
 * Linux 4.12). It is the counter that SO_RXQ_OVFL sends along with datagrams, but costs nothing until it is asked for.
 */
export function droppedBefore(fd: number): number {
  structures.u32[LENGTH >> 2] = MEMINFO_SIZE;
  const length = structures.address(LENGTH);
  const result = getsockopt(fd, SOL_SOCKET, SO_MEMINFO, structures.address(MEMINFO), length);
  if (result < 0 || structures.u32[LENGTH >> 2]! < MEMINFO_SIZE) return -1;
  return structures.u32[(MEMINFO >> 2) + SK_MEMINFO_DROPS]!;
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
