// Sys over a simulated machine. Nothing ever blocks: wait() with nothing to do tells the world when to come back.

import {
  CONTROL_BIND,
  EADDRINUSE,
  EBUSY,
  ECONNREFUSED,
  EEXIST,
  EINVAL,
  ENOENT,
  OPEN_DIRECTORY,
  OPEN_READ,
  READY_CONTROL,
  READY_STOP,
  READY_TUN,
  READY_UDP,
  READY_YIELD,
  type Sys,
  TUN_IOCTL,
  UDP_BIND,
} from "../../core/sys.ts";
import type { Engine } from "../../engine/exports.ts";
import { DataPlane } from "./data-plane.ts";
import type { EventQueue } from "./event-queue.ts";
import type { ControlRequest, SocketNode } from "./file-tree.ts";
import { LocalClient } from "./local-client.ts";
import type { Machine } from "./machine.ts";
import type { UdpSocket } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { VirtualTun } from "./virtual-tun.ts";

const EBADF = 9;
const NS_PER_S = 1_000_000_000n;
const MAX_REQUEST = 4096;
const NEVER = -1;

/** What a process shares with its world. */
export interface Surroundings {
  readonly events: EventQueue;
  readonly random: Prng;
  /** The world's wall clock at its start, ns since 1970. */
  readonly wallStart: bigint;
  /** Lets the world go on until `done`, or `timeoutMs` of its time have passed. */
  readonly runUntil: (done: () => boolean, timeoutMs: number) => void;
}

interface OpenFile {
  readonly path: string;
  readonly mode: number;
  position: number;
}

function stage(number: number, errno: number): number {
  return -(number * 4096 + errno);
}

export class SimSys extends LocalClient implements Sys {
  readonly sockaddrFamily = 2;
  /** Set by wait(): the loop has nothing to do before this many ms, or -1 for no limit. null while it is busy. */
  parkedFor: number | null = null;
  /** A signal has arrived. */
  stopRequested = false;
  /** Called when something became readable. */
  onReadable: () => void = () => {};
  private readonly engine: Engine;
  private readonly world: Surroundings;
  private readonly plane: DataPlane;
  private readonly files: (OpenFile | null)[] = [];
  private readonly sockets: UdpSocket[] = [];
  private tun: VirtualTun | null = null;
  private control: SocketNode | null = null;
  private lastRequest: ControlRequest | null = null;

  constructor(machine: Machine, engine: Engine, world: Surroundings) {
    super(machine, world);
    this.engine = engine;
    this.world = world;
    this.plane = new DataPlane(engine);
  }

  dropPrivileges(): number {
    return 0;
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

  open(path: string, mode: number): number {
    const { files } = this.machine;
    const entry = files.get(path);
    if (mode === OPEN_DIRECTORY || mode === OPEN_READ) {
      if (entry === undefined) return -ENOENT;
      if (mode === OPEN_DIRECTORY && entry.kind !== "directory") return -EINVAL;
    } else {
      const created = files.writeFile(path, new Uint8Array(0));
      if (created < 0) return created;
    }
    return this.files.push({ path, mode, position: 0 }) - 1;
  }

  read(fd: number, offset: number, length: number): number {
    const file = this.files[fd];
    if (file == null) return -EBADF;
    const bytes = this.machine.files.readFile(file.path);
    if (bytes === null) return -EINVAL;
    const part = bytes.subarray(file.position, file.position + length);
    this.engine.u8.set(part, offset);
    file.position += part.length;
    return part.length;
  }

  write(fd: number, offset: number, length: number): number {
    const file = this.files[fd];
    if (file == null) return -EBADF;
    const before = this.machine.files.readFile(file.path) ?? new Uint8Array(0);
    const after = new Uint8Array(before.length + length);
    after.set(before);
    after.set(this.engine.u8.subarray(offset, offset + length), before.length);
    const result = this.machine.files.writeFile(file.path, after);
    return result < 0 ? result : length;
  }

  fsync(fd: number): number {
    return this.files[fd] == null ? -EBADF : 0;
  }

  close(fd: number): number {
    if (this.files[fd] == null) return -EBADF;
    this.files[fd] = null;
    return 0;
  }

  rename(from: string, to: string): number {
    return this.machine.files.rename(from, to);
  }

  unlink(path: string): number {
    return this.machine.files.unlink(path);
  }

  mkdir(path: string, _mode: number): number {
    return this.machine.files.mkdir(path);
  }

  // --- the data plane ---

  tunOpen(name: string): number {
    this.tun = this.machine.openTun(name);
    if (this.tun === null) return stage(TUN_IOCTL, EBUSY);
    this.tun.onReadable = () => this.onReadable();
    return 0;
  }

  tunName(): string {
    return this.tun?.name ?? "";
  }

  tunVnet(): number {
    return this.tun?.vnet ? 1 : 0;
  }

  udpOpen(port: number): number {
    const { host } = this.machine;
    if (host.sockets.has(port)) return stage(UDP_BIND, EADDRINUSE);
    const socket = { port, queue: [] };
    host.sockets.set(port, socket);
    host.onReadable = () => this.onReadable();
    return this.sockets.push(socket) - 1;
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
    const queue = this.control?.listener?.queue;
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

  controlProbe(path: string): number {
    const entry = this.machine.files.get(path);
    if (entry === undefined) return -ENOENT;
    if (entry.kind !== "socket") return -EEXIST;
    return entry.listener === null ? -ECONNREFUSED : 0;
  }

  controlBind(path: string): number {
    const node: SocketNode = { kind: "socket", listener: { queue: [], onReadable: () => this.onReadable() } };
    const bound = this.machine.files.bind(path, node);
    if (bound < 0) return stage(CONTROL_BIND, -bound);
    this.control = node;
    return 0;
  }

  controlReceive(): string | null {
    const request = this.control?.listener?.queue.shift();
    if (request === undefined) return null;
    this.lastRequest = request;
    return request.text.length > MAX_REQUEST ? "" : request.text;
  }

  controlReply(text: string): number {
    this.lastRequest?.reply?.(text);
    return 0;
  }

  closeAll(): void {
    const { host } = this.machine;
    for (const socket of this.sockets) host.sockets.delete(socket.port);
    this.sockets.length = 0;
    if (this.tun !== null) this.machine.closeTun();
    this.tun = null;
    if (this.control !== null) this.control.listener = null;
    this.control = null;
  }
}
