// Linux constants, the same on every architecture koffi ships for, and the layout of its socket structures.

import { endianness } from "node:os";
import { WORD } from "../posix.ts";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const NETLINK_ROUTE = 0;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_DOMAIN = 39;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
/** Figures of a socket, u32 each (Linux 4.12). */
export const SO_MEMINFO = 55;
/** Index of the datagrams dropped: what SO_RXQ_OVFL would tell with the next datagram. */
export const SK_MEMINFO_DROPS = 8;
export const SOL_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_OMIT = 5;
export const SIOCOUTQ = 0x5411;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;

export const F_SETFD = 2;
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_DUPFD_CLOEXEC = 1030;
export const FD_CLOEXEC = 1;
export const SEEK_SET = 0;
export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;
/** Never executable, and sealed so (Linux 6.3). */
export const MFD_NOEXEC_SEAL = 8;
/** F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE: nothing about the file can change any more. */
export const ALL_SEALS = 15;

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;

export const TUNSETIFF = 0x400454ca;
export const TUNGETIFF = 0x800454d2;
export const TUNSETOFFLOAD = 0x400454d0;
export const TUNSETVNETHDRSZ = 0x400454d8;
export const IFF_TUN = 0x0001;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
export const IFREQ_LENGTH = 40;
export const IFNAMSIZ = 16;

/** LOCK_EX | LOCK_NB of flock. */
export const LOCK_NOW = 6;

if (endianness() !== "LE") throw new Error("the Node.js platform needs a little-endian machine");

/** struct sock_filter with BPF_RET | BPF_K and the value 0; struct sock_fprog: length, address. */
export const BPF_RETURN = 0x06;
export const SOCK_FILTER_SIZE = 8;
export const SOCK_FPROG_FILTER = WORD;
export const SOCK_FPROG_SIZE = 2 * WORD;

/** struct iovec: base, length. */
export const IOVEC_LENGTH = WORD;
export const IOVEC_SIZE = 2 * WORD;

/** struct mmsghdr: a struct msghdr, then the number of bytes transferred. */
export const MSGHDR_NAME = 0;
export const MSGHDR_NAMELEN = WORD;
export const MSGHDR_IOV = 2 * WORD;
export const MSGHDR_IOVLEN = 3 * WORD;
export const MSGHDR_CONTROL = 4 * WORD;
export const MSGHDR_CONTROLLEN = 5 * WORD;
export const MMSGHDR_BYTES = 7 * WORD;
export const MMSGHDR_SIZE = 8 * WORD;

/** struct cmsghdr: length, level, type, data. */
export const CMSG_LEVEL = WORD;
export const CMSG_TYPE = WORD + 4;
export const CMSG_DATA = WORD + 8;

/** struct sockaddr_un: family, 108 bytes of path. */
export const SOCKADDR_UN_PATH = 2;
export const SOCKADDR_UN_SIZE = 110;
export const UNIX_PATH_MAX = 108;
