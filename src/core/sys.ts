// The operating-system boundary: everything core asks of the machine it runs on.
//
// Each platform implements this interface (nodejs, sim, tiny). Buffers are named by their offset in engine memory.
// Failures are negative: -errno, or failure(stage, errno) where a function has stages. Errno values are the
// Linux x86 numbers below on every platform; a platform with other numbers translates.
//
// Every string that crosses the boundary, in either direction, is a byte string: one character 0…255 per byte.
// That holds for paths, the environment, printed text, requests and replies, and the program's arguments.
//
// The daemon calls Engine.init once more, with the configured capacities, before it opens the first device or
// socket: look up region offsets from then on, not when the platform is made.

export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const EAGAIN = 11;
export const EACCES = 13;
export const EPERM = 1;
export const EBADF = 9;
export const EBUSY = 16;
export const EEXIST = 17;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EROFS = 30;
export const ENAMETOOLONG = 36;
export const EMSGSIZE = 90;
export const EADDRINUSE = 98;
export const ECONNRESET = 104;
export const EPROTONOSUPPORT = 93;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EINPROGRESS = 115;

/** A failure at a stage is -(stage * STAGE + errno). */
export const STAGE = 4096;

/** The negative result of a function with stages. */
export function failure(stage: number, errno: number): number {
  return -(stage * STAGE + errno);
}

/** errno part of a negative result. */
export function errnoOf(result: number): number {
  return -result & (STAGE - 1);
}

/** Stage part of a negative result, 0 when the function has no stages. */
export function stageOf(result: number): number {
  return Math.floor(-result / STAGE);
}

/** Sys.open modes; all close on exec. */
export const OPEN_READ = 0;
/** Write-only, mode 0600; -EEXIST where anything stands there already, a link included. */
export const OPEN_CREATE = 1;
/** A directory, for fsync. */
export const OPEN_DIRECTORY = 2;
/** Write-only, created with mode 0600 where nothing is, its content left alone; never through a link. For Sys.lock. */
export const OPEN_LOCK = 3;
/** As OPEN_CREATE, but for everybody to read: mode 0644 whatever the umask. */
export const OPEN_PUBLIC = 4;

/** Fields of the record that stat and fstat write: u32 type, u32 permission bits, u32 user id of the owner. */
export const STAT_TYPE = 0;
export const STAT_MODE = 4;
export const STAT_OWNER = 8;
/** u64 device and u64 inode: together they say which file it is. */
export const STAT_DEVICE = 16;
export const STAT_INODE = 24;
export const STAT_LENGTH = 32;
/** Values of STAT_TYPE; 0 is anything else. */
export const TYPE_FILE = 1;
export const TYPE_DIRECTORY = 2;
export const TYPE_SOCKET = 3;

/** Longest text of a datagram between daemon and client in bytes, in either direction. */
export const UNIX_TEXT_LIMIT = 1048576;
/** Bytes that the daemon asks the system to hold of its replies. */
export const UNIX_SEND_BUFFER = 1048576;

/** Events of Sys.poll. */
export const POLL_READ = 1;
export const POLL_WRITE = 4;

/** tunOpen stages. */
export const TUN_OPEN = 1;
export const TUN_IOCTL = 2;
/** udpOpen stages. */
export const UDP_SOCKET = 1;
export const UDP_BIND = 2;
/** datagramOpen has this one too: the DF bit cannot be forced. */
export const UDP_DONT_FRAGMENT = 3;
/** Bits of the result of Sys.wait; UDP socket i is READY_UDP << i. */
export const READY_TUN = 1;
export const READY_CONTROL = 2;
/** SIGTERM or SIGINT arrived: leave the loop, clean up, exit 0. */
export const READY_STOP = 4;
/** The host program wants the thread back for its own work (Node's event loop). */
export const READY_YIELD = 8;
export const READY_UDP = 16;
/** The TUN device was removed: the node cannot go on. */
export const READY_LOST = 4096;
/** The system says that it was restored from a snapshot: what was sent since may be sent again, so take a new epoch. */
export const READY_RESTORED = 8192;

// --- Sending beside a slow link: how every platform with real sockets bounds what one destination may hold ----
// The counts are of bytes as the kernel charges them to a socket: a datagram's buffers, not its payload.

/** Sockets one node may have beside its listen sockets, each for one slow destination (docs/architecture.md). */
export const MAX_LANES = 64;
/** Lanes of a port below 1024, which only a privileged process can bind: made with the port, before the drop. */
export const PRIVILEGED_LANES = 8;
export const FIRST_FREE_PORT = 1024;
/** Bytes asked for in each direction of a UDP socket: room for bursts, about 10 ms of a 3 Gbit/s stream. */
export const UDP_BUFFER = 4194304;
/** Asked for a lane's send buffer; the kernel doubles it. What every Linux allows without privilege. */
export const LANE_BUFFER = 212992;
/** A listen socket that the kernel still owes more than this is congested, until it owes less than half of it. */
export const CONGESTION_DEBT = 1048576;
/** A smaller send buffer is congested when it is full to one part in this. */
export const CONGESTION_SHARE = 4;
/** Looks at the debt in the time in which it can grow from nothing to congestion. */
export const LOOKS_PER_CONGESTION = 4;
/** Added to each message's length when bytes are counted: what the kernel's own structures take at least. */
export const MESSAGE_OVERHEAD = 512;
/** Lanes asked for their debt before a destination that finds none empty shares one. */
export const LANE_PROBES = 4;

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;

/**
 * Unix datagram sockets. An address is a byte string: a path, or on Linux a NUL and an abstract name. Interrupted
 * calls are repeated where nothing else is said.
 */
export interface UnixSys {
  /** Opens a socket, non-blocking, close-on-exec, with a send buffer of `buffer` bytes where allowed (0: the default). */
  unixOpen(buffer: number): number;
  /**
   * Binds a socket to a path whose file has permission `mode` from the first moment, or as soon as the system can.
   * "" takes an unused abstract name; -EINVAL where the system has none. 0 or -errno.
   */
  unixBind(fd: number, path: string, mode: number): number;
  /** From now on the socket sends there, and nobody else can send to it. 0 or -errno. */
  unixConnect(fd: number, address: string): number;
  /** Sends one datagram; "" goes where the socket is connected. 0 or -errno, -EAGAIN when the other's queue is full. */
  unixSend(fd: number, text: string, address: string): number;
  /** The next datagram, -EMSGSIZE for one over `limit` bytes (it is gone), -EAGAIN when there is none, -errno. */
  unixReceive(fd: number, limit: number): string | number;
  /** Address of the sender of the datagram received last, "" when it has none. */
  unixSender(): string;
  /** Waits until a POLL_* event or for `timeoutMs` (-1: no limit): 1 or 0. Also 0 when interrupted. fd -1 just waits. */
  poll(fd: number, events: number, timeoutMs: number): number;
  close(fd: number): number;
}

/** What the client needs of the system. */
export interface ClientSys extends UnixSys {
  /** "linux" or "macos": picks the plan's dialect and the default socket path. */
  readonly os: "linux" | "macos";
  /** Value of an environment variable; undefined when unset. */
  env(name: string): string | undefined;
  /** Writes text to STDOUT or STDERR, all of it. */
  print(stream: number, text: string): void;
  /** Opens a file in an OPEN_* mode. A descriptor or -errno. */
  open(path: string, mode: number): number;
  /** Up to `limit` bytes of an open file; "" is its end. Interrupted reads are repeated. Or -errno. */
  readText(fd: number, limit: number): string | number;
  /** Milliseconds that have passed since some moment; setting the clock does not change them. */
  milliseconds(): number;
}

export interface Sys extends ClientSys {
  // --- process ---
  /** daemon-cli.md §4: no capability is left in any thread afterwards. 0 or -errno. May restart the process image. */
  dropPrivileges(): number;
  /** Effective user id. */
  userId(): number;

  // --- time and chance ---
  /** Writes the 32 bytes of REGION_CLOCK at `offset`. */
  clock(offset: number): void;
  /** Fills memory from the system's secure random source. 0 or -errno. */
  random(offset: number, length: number): number;

  // --- files ---
  /** Up to `length` bytes; interrupted reads are repeated. 0 = end of file. */
  read(fd: number, offset: number, length: number): number;
  write(fd: number, offset: number, length: number): number;
  fsync(fd: number): number;
  rename(from: string, to: string): number;
  unlink(path: string): number;
  mkdir(path: string, mode: number): number;
  /** Writes the STAT_LENGTH bytes of what stands at a path, a link itself, to `offset`. 0 or -errno. */
  stat(path: string, offset: number): number;
  /** The same of an open file. */
  fstat(fd: number, offset: number): number;
  /** Takes the lock of an open file, which its last close gives back. 0, or -EAGAIN while another process has it. */
  lock(fd: number): number;

  // --- devices and sockets of the data plane; opened once, closed by closeAll ---
  /**
   * Opens a TUN device without packet information. 0, 1 when the image before a restart by dropPrivileges has opened
   * it, or -(stage, errno). The name may be cut at 15 characters.
   */
  tunOpen(name: string): number;
  /** The device's real name. */
  tunName(): string;
  /**
   * Opens a conversation with the kernel about interfaces, addresses and routes: on Linux a non-blocking socket of
   * route netlink, close-on-exec, for read, write, poll and close. -errno where there is none.
   */
  netlinkOpen(): number;
  /** 1 when every TUN packet carries a virtio header (segmentation offload), else 0. */
  tunVnet(): number;
  /** Opens the next UDP socket on 0.0.0.0:port, non-blocking, close-on-exec. Its index (0, 1, …) or -(stage, errno). */
  udpOpen(port: number): number;
  /**
   * Datagrams that the kernel has dropped because a UDP socket's receive buffer was full (or their checksum was wrong),
   * all sockets together since they were opened. Only rises, as long as it is asked for before 2^32 more are lost. -1
   * where the system does not tell.
   */
  udpDrops(): number;
  /** 1 when udpSend takes messages of several pieces (UDP_SEGMENT), else 0. */
  udpSegments(): number;
  /** Bytes that the kernel lets the UDP sockets owe together, by its own count: twice UDP_BUFFER when it granted that. */
  udpBuffer(): number;
  /** First u16 of a struct sockaddr_in here, read as little-endian like all of engine memory. */
  readonly sockaddrFamily: number;
  /** True when the kernel's own structures are big-endian. Engine memory never is. */
  readonly bigEndian: boolean;
  /**
   * Waits until a descriptor is readable or `timeoutMs` have passed (-1 = no limit). READY_* bits, 0 on time-out.
   */
  wait(timeoutMs: number): number;
  /**
   * Reads a batch of datagrams from UDP socket `socket` into REGION_RX and describes them in REGION_RXD.
   * Number of buffers filled, 0 when it would block, -errno on another error (interruptions are repeated).
   */
  udpReceive(socket: number): number;
  /**
   * Sends messages 0 … count-1 of REGION_UDP_MSG. Tries each datagram on its own merits and writes PIECE_STATUS
   * for those the kernel refused.
   */
  udpSend(count: number): void;
  /** Reads packets from the TUN until it would block or the arena or the table is full. Their number. */
  tunReceive(): number;
  /** Writes messages 0 … count-1 of REGION_TUN_MSG, each with one gather write; failures go to MSG_STATUS. */
  tunSend(count: number): void;

  // --- control socket, control-protocol.md §1 ---
  /**
   * What a restart by dropPrivileges does with the socket at `path`: a descriptor bound there that this image has
   * inherited; -EINPROGRESS where the image to come binds for itself; -ENOENT when this one has to bind.
   */
  unixInherited(path: string): number;
  /**
   * From now on wait() reports READY_CONTROL for this socket, and a signal to stop as READY_STOP instead of ending the
   * process.
   */
  watchControl(fd: number): void;

  /** Closes TUN and UDP descriptors and forgets the control socket's. */
  closeAll(): void;
}

/** Plain UDP sockets, for tools: apart from the data plane, one datagram a call. */
export interface DatagramSys {
  /**
   * Opens a UDP socket on 0.0.0.0:port (0: any), close-on-exec. With `dontFragment` 1 every datagram leaves with the DF
   * bit, whatever the system believes about the path. Its descriptor or -(stage, errno).
   */
  datagramOpen(port: number, dontFragment: number): number;
  /**
   * Sends the `length` bytes at `offset` to an address (a<<24 | b<<16 | c<<8 | d) and port; waits while the send buffer
   * is full. 0 or -errno, -EMSGSIZE for what is larger than the interface takes.
   */
  datagramSend(fd: number, address: number, port: number, offset: number, length: number): number;
  /**
   * The next datagram, up to `limit` bytes of it to `offset`, its sender's address and port as two u32 to `from`. Its
   * length (the kept part's), -EAGAIN when there is none, -errno.
   */
  datagramReceive(fd: number, offset: number, limit: number, from: number): number;
}
