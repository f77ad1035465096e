// Plain UDP sockets: DatagramSys of src/core/sys.ts. Data lies at addresses that never move.

import { EINTR, failure, UDP_BIND, UDP_DONT_FRAGMENT, UDP_SOCKET } from "../../../core/sys.ts";
import { closeFile } from "../files.ts";
import { bindSocket, errno, recvfrom, sendto, socket } from "../libc.ts";
import { structures } from "../native-memory.ts";
import {
  AF_INET,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_PROBE,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_IP,
} from "./constants.ts";
import { setOption } from "./socket-option.ts";

const SOCKADDR_IN_SIZE = 16;
const ADDRESS = structures.reserve(SOCKADDR_IN_SIZE);
const AT = structures.address(ADDRESS);
const LENGTH = structures.reserve(4);
const view = new DataView(structures.u8.buffer);

function writeAddress(address: number, port: number): void {
  structures.u8.fill(0, ADDRESS, ADDRESS + SOCKADDR_IN_SIZE);
  structures.u8[ADDRESS] = AF_INET;
  view.setUint16(ADDRESS + 2, port);
  view.setUint32(ADDRESS + 4, address);
}

/** Closes a socket that is of no use. The failure. */
function refuse(fd: number, stage: number): number {
  const error = errno();
  closeFile(fd);
  return failure(stage, error);
}

/** DatagramSys.datagramOpen. */
export function datagramOpen(port: number, dontFragment: number): number {
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failure(UDP_SOCKET, errno());
  if (dontFragment === 1 && !setOption(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE))
    return refuse(fd, UDP_DONT_FRAGMENT);
  writeAddress(0, port);
  return bindSocket(fd, AT, SOCKADDR_IN_SIZE) < 0 ? refuse(fd, UDP_BIND) : fd;
}

/** DatagramSys.datagramSend of what lies at an address of this process. */
export function datagramSend(
  fd: number,
  address: number,
  port: number,
  data: number,
  length: number,
): number {
  writeAddress(address, port);
  let sent: number;
  do sent = sendto(fd, data, length, 0, AT, SOCKADDR_IN_SIZE);
  while (sent < 0 && errno() === EINTR);
  return sent < 0 ? -errno() : 0;
}

/** DatagramSys.datagramReceive to an address of this process; `from` gets the sender. */
export function datagramReceive(fd: number, data: number, limit: number, from: Uint32Array): number {
  let length: number;
  do {
    structures.u32[LENGTH >> 2] = SOCKADDR_IN_SIZE;
    length = recvfrom(fd, data, limit, MSG_DONTWAIT, AT, structures.address(LENGTH));
  } while (length < 0 && errno() === EINTR);
  if (length < 0) return -errno();
  from[0] = view.getUint32(ADDRESS + 4);
  from[1] = view.getUint16(ADDRESS + 2);
  return length;
}
