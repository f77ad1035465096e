// Options of sockets, and what a descriptor is, as the kernel says.

import { getsockopt, setsockopt } from "../libc.ts";
import { structures } from "../native-memory.ts";
import { SO_DOMAIN, SO_TYPE, SOL_SOCKET } from "./constants.ts";

const VALUE = structures.reserve(4);
const LENGTH = structures.reserve(4);

/** Value of an integer option of a socket, or -1. */
export function socketOption(fd: number, name: number): number {
  structures.u32[LENGTH >> 2] = 4;
  if (getsockopt(fd, SOL_SOCKET, name, structures.address(VALUE), structures.address(LENGTH)) < 0) return -1;
  return structures.u32[VALUE >> 2]!;
}

/** True when the descriptor is a socket of this address family and type. */
export function isSocket(fd: number, family: number, type: number): boolean {
  return socketOption(fd, SO_DOMAIN) === family && socketOption(fd, SO_TYPE) === type;
}

/** Sets an integer socket option. False when the kernel refuses. */
export function setOption(fd: number, level: number, option: number, value: number): boolean {
  structures.u32[VALUE >> 2] = value;
  return setsockopt(fd, level, option, structures.address(VALUE), 4) === 0;
}

/**
 * Raises a buffer size beyond the system's limit while still privileged, else up to the limit. An operator's larger
 * default stays.
 */
export function raiseBufferSize(fd: number, force: number, plain: number, bytes: number): void {
  // The kernel reports twice what was asked for.
  if (socketOption(fd, plain) >= 2 * bytes) return;
  if (!setOption(fd, SOL_SOCKET, force, bytes)) setOption(fd, SOL_SOCKET, plain, bytes);
}
