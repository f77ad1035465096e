// Addresses of unix datagram sockets: struct sockaddr_un.

import { structures } from "../native-memory.ts";
import { AF_UNIX, SOCKADDR_UN_PATH, SOCKADDR_UN_SIZE, UNIX_PATH_MAX } from "./constants.ts";

const ADDRESS = structures.reserve(SOCKADDR_UN_SIZE);

/** Where the address written last stands, for the system call. */
export const UNIX_ADDRESS = structures.address(ADDRESS);

/** Length of the address that makes the kernel choose a unique abstract name: the family alone. */
export const AUTOBIND_LENGTH = SOCKADDR_UN_PATH;

/** Writes the address of a path to UNIX_ADDRESS. Its length, or 0 when the path is too long. */
export function writeUnixAddress(path: string): number {
  if (path.length > UNIX_PATH_MAX) return 0;
  structures.u8.fill(0, ADDRESS, ADDRESS + SOCKADDR_UN_SIZE);
  structures.u8[ADDRESS] = AF_UNIX;
  return SOCKADDR_UN_PATH + structures.setBytes(ADDRESS + SOCKADDR_UN_PATH, path) + 1;
}

/** The path in UNIX_ADDRESS after the kernel has written it. */
export function readUnixPath(length: number): string {
  if (length <= SOCKADDR_UN_PATH) return "";
  return structures.string(ADDRESS + SOCKADDR_UN_PATH, length - SOCKADDR_UN_PATH);
}
