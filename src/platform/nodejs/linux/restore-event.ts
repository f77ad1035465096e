// The kernel's word that this virtual machine was restored from a snapshot: the uevent of its vmgenid device (Linux 6.8).
// Reading uevents needs no privilege. Where there are none (another network namespace's user, a sandbox), none come.

import { closeFile } from "../files.ts";
import { bindSocket, recvfrom, socket } from "../libc.ts";
import { structures } from "../native-memory.ts";
import { MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from "./constants.ts";

const AF_NETLINK = 16;
const NETLINK_KOBJECT_UEVENT = 15;
/** The group the kernel sends uevents to. */
const KERNEL_EVENTS = 1;
/** struct sockaddr_nl: family, padding, port id, groups. */
const SOCKADDR_NL_SIZE = 12;
/** The kernel's UEVENT_BUFFER_SIZE, and room for its first line. */
const EVENT_LIMIT = 4096;
const RESTORED = "NEW_VMGENID=1";

const ADDRESS = structures.reserve(SOCKADDR_NL_SIZE);
const LENGTH = structures.reserve(4);
const EVENT = structures.reserve(EVENT_LIMIT);

/** A socket that receives uevents, or -1. */
export function openRestoreEvents(): number {
  const fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
  if (fd < 0) return -1;
  structures.u32[ADDRESS >> 2] = AF_NETLINK;
  structures.u32[(ADDRESS + 4) >> 2] = 0;
  structures.u32[(ADDRESS + 8) >> 2] = KERNEL_EVENTS;
  if (bindSocket(fd, structures.address(ADDRESS), SOCKADDR_NL_SIZE) === 0) return fd;
  closeFile(fd);
  return -1;
}

/** Reads what has come. True when the kernel itself (port id 0) said that the machine was restored. */
export function readRestoreEvents(fd: number): boolean {
  let restored = false;
  for (;;) {
    structures.u32[LENGTH >> 2] = SOCKADDR_NL_SIZE;
    const [event, from, size] = [EVENT, ADDRESS, LENGTH].map((at) => structures.address(at));
    const length = recvfrom(fd, event!, EVENT_LIMIT, MSG_DONTWAIT, from!, size!);
    if (length < 0) return restored;
    const kernel = structures.u32[(ADDRESS + 4) >> 2] === 0;
    if (kernel && structures.bytes(EVENT, length).split("\0").includes(RESTORED)) restored = true;
  }
}
