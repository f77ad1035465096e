// Sys over a simulated machine. Nothing ever blocks: wait() with nothing to do tells the world when to come back.

import {
  EADDRINUSE,
  EBADF,
  EBUSY,
  ENOENT,
  EPROTONOSUPPORT,
  failure,
  READY_CONTROL,
  READY_STOP,
  READY_TUN,
  READY_UDP,
  READY_YIELD,
  STAT_DEVICE,
  STAT_INODE,
  STAT_LENGTH,
  STAT_MODE,
  STAT_OWNER,
  STAT_TYPE,
  type Sys,
  TUN_IOCTL,
  TYPE_DIRECTORY,
  TYPE_FILE,
  TYPE_SOCKET,
  UDP_BIND,
  UDP_BUFFER,
} from "../../core/sys.ts";
import type { Engine } from "../../engine/exports.ts";
import { DataPlane } from "./data-plane.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Entry } from "./file-tree.ts";
import { LocalClient, type Waiter } from "./local-client.ts";
import type { Machine } from "./machine.ts";
import type { UdpSocket } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { VirtualTun } from "./virtual-tun.ts";

const NS_PER_S = 1_000_000_000n;
const NEVER = -1;

const TYPES = { file: TYPE_FILE, directory: TYPE_DIRECTORY, socket: TYPE_SOCKET };
/** Every process is root's, and so is what it makes. */
const ROOT = 0;

/** What a process shares with its world. */
export interface Surroundings extends Waiter {
  readonly events: EventQueue;
  readonly random: Prng;
  /** The world's wall clock at its start, ns since 1970. */
  readonly wallStart: bigint;
}

export class SimSys extends LocalClient implements Sys {
  readonly sockaddrFamily = 2;
  readonly bigEndian: boolean = false;
  /** Set by wait(): the loop has nothing to do before this many ms, or -1 for no limit. null while it is busy. */
  parkedFor: number | null = null;
  /** A signal has arrived. */
  stopRequested = false;
  /** Called when something became readable. */
  onReadable: () => void = () => {};
  readonly engine: Engine;
  private readonly world: Surroundings;
  private readonly plane: DataPlane;
  private readonly sockets: UdpSocket[] = [];
  private tun: VirtualTun | null = null;
  private control = -1;

  constructor(machine: Machine, engine: Engine, world: Surroundings) {
    super(machine, world);
    this.engine = engine;
    this.world = world;
    this.plane = new DataPlane(engine);
  }

  dropPrivileges(): number {
    return 0;
  }

  userId(): number {
    return ROOT;
  }

  clock(offset: number): void {
    const view = new DataView(this.engine.u8.buffer, offset, 32);
    const now = BigInt(this.world.events.now);
    const wall = this.world.wallStart + now + this.machine.clockError;
    // A clock before 1970 reads as 0: implausible either way.
    const shown = wall < 0n ? 0n : wall;
    [shown / NS_PER_S, shown % NS_PER_S, now / NS_PER_S, now % NS_PER_S].forEach((value, i) => {
      view.setBigUint64(8 * i, value, true);
    });
  }

  random(offset: number, length: number): number {
    this.world.random.fill(this.engine.u8.subarray(offset, offset + length));
    return 0;
  }

  // --- files ---

  read(fd: number, offset: number, length: number): number {
    const part = this.take(fd, length);
    if (typeof part === "number") return part;
    this.engine.u8.set(part, offset);
    return part.length;
  }

  write(fd: number, offset: number, length: number): number {
    const file = this.opened[fd];
    if (file == null) return -EBADF;
    const before = this.machine.files.readFile(file.path) ?? new Uint8Array(0);
    const after = new Uint8Array(before.length + length);
    after.set(before);
    after.set(this.engine.u8.subarray(offset, offset + length), before.length);
    const result = this.machine.files.writeFile(file.path, after);
    return result < 0 ? result : length;
  }

  fsync(fd: number): number {
    return this.opened[fd] == null ? -EBADF : 0;
  }

  rename(from: string, to: string): number {
    return this.machine.files.rename(from, to);
  }

  unlink(path: string): number {
    return this.machine.files.unlink(path);
  }

  mkdir(path: string, mode: number): number {
    return this.machine.files.mkdir(path, mode);
  }

  stat(path: string, offset: number): number {
    return this.writeStatus(this.machine.files.get(path), offset);
  }

  fstat(fd: number, offset: number): number {
    const file = this.opened[fd];
    return file == null ? -EBADF : this.writeStatus(file.entry, offset);
  }

  private writeStatus(entry: Entry | undefined, offset: number): number {
    if (entry === undefined) return -ENOENT;
    this.engine.u8.fill(0, offset, offset + STAT_LENGTH);
    const fields: [number, number][] = [
      [STAT_TYPE, TYPES[entry.kind]],
      [STAT_MODE, entry.mode],
      [STAT_OWNER, entry.kind === "file" ? entry.owner : ROOT],
      [STAT_DEVICE, 1],
      [STAT_INODE, entry.inode],
    ];
    for (const [field, value] of fields) this.engine.u32[(offset + field) >> 2] = value;
    return 0;
  }

  /** Processes start one after the other here, so nobody else can hold it. */
  lock(fd: number): number {
    return this.opened[fd] == null ? -EBADF : 0;
  }

  // --- the data plane ---

  tunOpen(name: string): number {
    this.tun = this.machine.openTun(name);
    if (this.tun === null) return failure(TUN_IOCTL, EBUSY);
    this.tun.onReadable = () => this.onReadable();
    return 0;
  }

  /** A simulated machine has neither addresses nor routes to set. */
  netlinkOpen(): number {
    return -EPROTONOSUPPORT;
  }

  tunName(): string {
    return this.tun?.name ?? "";
  }

  tunVnet(): number {
    return this.tun?.vnet ? 1 : 0;
  }

  udpOpen(port: number): number {
    const { host } = this.machine;
    if (host.sockets.has(port)) return failure(UDP_BIND, EADDRINUSE);
    const socket = { port, queue: [], dropped: 0 };
    host.sockets.set(port, socket);
    host.onReadable = () => this.onReadable();
    return this.sockets.push(socket) - 1;
  }

  udpBuffer(): number {
    return 2 * UDP_BUFFER;
  }

  udpDrops(): number {
    return this.sockets.reduce((sum, socket) => sum + socket.dropped, 0);
  }

  udpSegments(): number {
    return this.machine.offloads.udpSegments ? 1 : 0;
  }

  wait(timeoutMs: number): number {
    const ready = this.readiness();
    if (ready !== 0 || timeoutMs === 0) return ready;
    this.parkedFor = timeoutMs < 0 ? NEVER : timeoutMs;
    return READY_YIELD;
  }

  private readiness(): number {
    let ready = this.stopRequested ? READY_STOP : 0;
    if (this.tun !== null && this.tun.waiting.length > 0) ready |= READY_TUN;
    const queue = this.local.get(this.control)?.queue;
    if (queue !== undefined && queue.length > 0) ready |= READY_CONTROL;
    this.sockets.forEach((socket, i) => {
      if (socket.queue.length > 0) ready |= READY_UDP << i;
    });
    return ready;
  }

  udpReceive(socket: number): number {
    return this.plane.receive(this.sockets[socket]!, this.machine.offloads.udpSegments);
  }

  udpSend(count: number): void {
    const { host, network, offloads } = this.machine;
    this.plane.sendUdp(count, offloads.udpSegments, (socket, destination, bytes) =>
      network.send(host, this.sockets[socket]!.port, destination, bytes),
    );
  }

  tunReceive(): number {
    return this.tun === null ? 0 : this.plane.readTun(this.tun);
  }

  tunSend(count: number): void {
    if (this.tun !== null) this.plane.writeTun(count, this.tun);
  }

  // --- control socket ---

  unixInherited(_path: string): number {
    return -ENOENT;
  }

  watchControl(fd: number): void {
    this.control = fd;
    const socket = this.local.get(fd);
    if (socket !== null) socket.onReadable = () => this.onReadable();
  }

  closeAll(): void {
    const { host } = this.machine;
    for (const socket of this.sockets) host.sockets.delete(socket.port);
    this.sockets.length = 0;
    if (this.tun !== null) this.machine.closeTun();
    this.tun = null;
    this.control = -1;
  }

  /** What the end of the process closes. */
  exit(): void {
    this.closeAll();
    this.local.closeAll();
    this.forgetFiles();
  }
}
