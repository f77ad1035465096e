// A listen port: its socket, and the lanes that keep a slow destination from filling that socket's send buffer.
//
// The kernel charges a datagram to the socket that sent it until the link below has taken it, so what waits for one
// slow link would in time use up the send buffer that all peers share. While a listen socket is congested each
// destination therefore sends through a lane of its own, a socket on the same port with a small buffer: what is too
// much for a destination's link is refused there and costs nobody else. src/platform/tiny/listen-port.c is the same.

import {
  CONGESTION_DEBT,
  CONGESTION_SHARE,
  FIRST_FREE_PORT,
  LANE_PROBES,
  LOOKS_PER_CONGESTION,
  MAX_LANES,
  PRIVILEGED_LANES,
} from "../../../core/sys.ts";
import { closeFile } from "../files.ts";
import { SO_SNDBUF } from "./constants.ts";
import { socketOption } from "./socket-option.ts";
import { bytesOwed, droppedBefore, openLaneSocket } from "./udp-socket.ts";

/** A destination as two words of its struct sockaddr_in: family and port, then the address. */
interface Lane {
  readonly fd: number;
  /** Belongs to the destination below. */
  taken: boolean;
  /** Owed nothing when it was last looked at. */
  idle: boolean;
  port: number;
  address: number;
}

export class ListenPort {
  /** The socket that receives, and sends as long as it is not congested. */
  readonly main: number;
  /** Some destination may have to use a lane: choose() for every message. */
  busy = false;
  private readonly lanes: Lane[] = [];
  /** Debt in bytes from which the main socket is congested. */
  private readonly high: number;
  /** Lanes this port may have; fewer once the system has refused to make one. */
  private limit = 0;
  private congested = false;
  private taken = 0;
  private handed = 0;
  private hand = 0;
  /** What drops() returned last; its low 32 bits are the kernel's counter. */
  private dropped = 0;

  /** @param lanes sockets made for this port before: while the process was privileged */
  constructor(main: number, lanes: readonly number[] = []) {
    this.main = main;
    const buffer = Math.max(0, socketOption(main, SO_SNDBUF));
    this.high = Math.min(CONGESTION_DEBT, Math.floor(buffer / CONGESTION_SHARE));
    for (const fd of lanes) this.add(fd);
  }

  /** Makes the lanes of a port that this process may not bind any more once it has dropped its privileges. */
  static privilegedLanes(main: number, port: number): number[] {
    const lanes: number[] = [];
    while (port < FIRST_FREE_PORT && lanes.length < PRIVILEGED_LANES) {
      const fd = openLaneSocket(main);
      if (fd < 0) break;
      lanes.push(fd);
    }
    return lanes;
  }

  /** Divides the node's lanes among its ports. */
  share(ports: number): void {
    this.limit = Math.max(this.lanes.length, Math.floor(MAX_LANES / ports));
  }

  /** Before `bytes` are handed to this port: looks at what the kernel owes, if it is time to. */
  enter(bytes: number): void {
    this.handed += bytes;
    if (!this.busy && this.handed * LOOKS_PER_CONGESTION < this.high) return;
    this.handed = 0;
    const debt = bytesOwed(this.main);
    this.congested = debt > (this.congested ? this.high / 2 : this.high);
    if (this.taken > 0 && !this.congested) this.sweep();
    this.busy = this.congested || this.taken > 0;
  }

  /** The main socket's buffer is full. True when that was not known yet: choose() may say otherwise now. */
  congest(): boolean {
    const news = !this.congested;
    this.congested = true;
    this.busy = true;
    return news;
  }

  /** The socket for a message to this destination. */
  choose(port: number, address: number): number {
    if (!this.busy) return this.main;
    for (let i = 0; i < this.lanes.length; i++) {
      const lane = this.lanes[i]!;
      if (lane.taken && lane.address === address && lane.port === port) return lane.fd;
    }
    if (!this.congested) return this.main;
    const lane = this.findLane();
    if (lane !== null) {
      if (!lane.taken) this.taken++;
      lane.taken = true;
      lane.idle = false;
      lane.port = port;
      lane.address = address;
      return lane.fd;
    }
    if (this.lanes.length === 0) return this.main;
    // More slow destinations than lanes: this one shares with another that is slow.
    return this.lanes[(((address ^ port) >>> 16) ^ ((address ^ port) & 0xffff)) % this.lanes.length]!.fd;
  }

  /** Datagrams dropped before the socket that receives, since it was opened; -1 where the kernel does not tell. */
  drops(): number {
    const now = droppedBefore(this.main);
    if (now < 0) return -1;
    this.dropped += (now - (this.dropped >>> 0)) >>> 0;
    return this.dropped;
  }

  closeAll(): void {
    for (const lane of this.lanes.splice(0)) closeFile(lane.fd);
    closeFile(this.main);
  }

  private add(fd: number): Lane {
    const lane: Lane = { fd, taken: false, idle: false, port: 0, address: 0 };
    this.lanes.push(lane);
    return lane;
  }

  /** A lane that nobody has, a new one, or one whose destination is owed nothing; null when there is none. */
  private findLane(): Lane | null {
    if (this.taken < this.lanes.length) return this.lanes.find((lane) => !lane.taken)!;
    if (this.lanes.length < this.limit) {
      const fd = openLaneSocket(this.main);
      if (fd >= 0) return this.add(fd);
      this.limit = this.lanes.length;
    }
    for (let probe = 0; probe < LANE_PROBES && probe < this.lanes.length; probe++) {
      const lane = this.nextLane();
      if (bytesOwed(lane.fd) === 0) return lane;
    }
    return null;
  }

  /** Takes the next lane from its destination when it was owed nothing twice in a row. */
  private sweep(): void {
    const lane = this.nextLane();
    if (!lane.taken) return;
    const empty = bytesOwed(lane.fd) === 0;
    if (empty && lane.idle) {
      lane.taken = false;
      this.taken--;
    }
    lane.idle = empty;
  }

  private nextLane(): Lane {
    this.hand = (this.hand + 1) % this.lanes.length;
    return this.lanes[this.hand]!;
  }
}
