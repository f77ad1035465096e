// Sys.netlinkOpen.

import { errno, socket } from "../libc.ts";
import { AF_NETLINK, NETLINK_ROUTE, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from "./constants.ts";

/** A socket of route netlink, or -errno. */
export function openRouteNetlink(): number {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  return fd < 0 ? -errno() : fd;
}
