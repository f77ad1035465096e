// The operating-system boundary: everything core asks of the machine it runs on.
//
// Each platform implements this interface (node, sim, tiny). Buffers are named by their offset in engine memory.
// Failures are negative: -errno, or -(stage * 4096 + errno) where a function has stages. Errno values are the
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
export const EBUSY = 16;
export const EEXIST = 17;
export const EISDIR = 21;
export const EINVAL = 22;
export const ENAMETOOLONG = 36;
export const EMSGSIZE = 90;
export const EADDRINUSE = 98;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;

/** errno part of a negative result. */
export function errnoOf(result: number): number {
  return -result & 4095;
}

/** Stage part of a negative result, 0 when the function has no stages. */
export function stageOf(result: number): number {
  return -result >> 12;
}

/** Sys.open modes. */
export const OPEN_READ = 0;
/** Write-only, create, truncate, mode 0600, close-on-exec. */
export const OPEN_WRITE_PRIVATE = 1;
/** A directory, for fsync. */
export const OPEN_DIRECTORY = 2;

/** tunOpen stages. */
export const TUN_OPEN = 1;
export const TUN_IOCTL = 2;
/** udpOpen stages. */
export const UDP_SOCKET = 1;
export const UDP_BIND = 2;
/** controlBind and clientOpen stages. */
export const CONTROL_SOCKET = 1;
export const CONTROL_BIND = 2;
export const CONTROL_CHMOD = 3;

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

export const STDOUT = 1;
export const STDERR = 2;

/** What the client needs of the system. */
export interface ClientSys {
  /** "linux" or "macos": picks the plan's dialect and the default socket path. */
  readonly os: "linux" | "macos";
  /** Value of an environment variable; undefined when unset. */
  env(name: string): string | undefined;
  /** Writes text to STDOUT or STDERR, all of it. */
  print(stream: number, text: string): void;
  /** Opens a client socket; with `reply` one that can be answered. 0 or -(stage, errno). */
  clientOpen(reply: boolean): number;
  /** Sends one datagram to `path`; blocking when opened without `reply`. 0 or -errno. */
  clientSend(path: string, text: string): number;
  /** Waits for one reply: its text, or null after `timeoutMs` in total. */
  clientReceive(timeoutMs: number): string | null;
  clientClose(): void;
}

export interface Sys extends ClientSys {
  // --- process ---
  /** daemon-cli.md §4: no capability is left in any thread afterwards. 0 or -errno. May restart the process image. */
  dropPrivileges(): number;

  // --- time and chance ---
  /** Writes the 32 bytes of REGION_CLOCK at `offset`. */
  clock(offset: number): void;
  /** Fills memory from the system's secure random source. 0 or -errno. */
  random(offset: number, length: number): number;

  // --- files ---
  open(path: string, mode: number): number;
  /** Up to `length` bytes; interrupted reads are repeated. 0 = end of file. */
  read(fd: number, offset: number, length: number): number;
  write(fd: number, offset: number, length: number): number;
  fsync(fd: number): number;
  close(fd: number): number;
  rename(from: string, to: string): number;
  unlink(path: string): number;
  mkdir(path: string, mode: number): number;

  // --- devices and sockets of the data plane; opened once, closed by close() of the node ---
  /** Opens a TUN device without packet information. 0 or -(stage, errno). The name may be cut at 15 characters. */
  tunOpen(name: string): number;
  /** The device's real name. */
  tunName(): string;
  /** 1 when every TUN packet carries a virtio header (segmentation offload), else 0. */
  tunVnet(): number;
  /** Opens the next UDP socket on 0.0.0.0:port, non-blocking, close-on-exec. Its index (0, 1, …) or -(stage, errno). */
  udpOpen(port: number): number;
  /** 1 when udpSend takes messages of several pieces (UDP_SEGMENT), else 0. */
  udpSegments(): number;
  /** First u16 of a struct sockaddr_in here. */
  readonly sockaddrFamily: number;
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
   * Asks whether a daemon listens at `path`: 0 yes, -ECONNREFUSED stale socket, -ENOENT nothing, -EEXIST something
   * that is not a socket, other -errno. -ENOENT also for a socket this process has inherited from before a restart
   * by dropPrivileges: controlBind then only takes it over.
   */
  controlProbe(path: string): number;
  /** Creates and binds the socket, mode 0600 from the first moment, non-blocking. 0 or -(stage, errno). */
  controlBind(path: string): number;
  /** Next request as a byte string: "" for one that must be ignored (over 4096 bytes), null when none is left. */
  controlReceive(): string | null;
  /** Answers the sender of the last request, best effort; nothing happens when it has no address. 0 or -errno. */
  controlReply(text: string): number;

  /** Closes TUN, UDP and control descriptors. */
  closeAll(): void;
}
