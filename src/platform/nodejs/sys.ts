// Sys under Node.js: puts the parts of this folder and of the system's together.

import { directoryOf } from "../../core/policy/snapshot.ts";
import {
  EINPROGRESS,
  ENOENT,
  OPEN_READ,
  READY_RESTORED,
  READY_STOP,
  READY_YIELD,
  type Sys,
} from "../../core/sys.ts";
import { REGION_KEYS, REGION_SCRATCH, REGION_UDP_MSG, SCRATCH_LENGTH } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { NodejsClientSys } from "./client-sys.ts";
import * as files from "./files.ts";
import { HostLoop } from "./host-loop.ts";
import { addressOf, errno, flock } from "./libc.ts";
import { Readiness } from "./readiness.ts";
import { loadSystem, type System } from "./systems.ts";
import type { Tun } from "./tun.ts";

const system = await loadSystem();

/** An object of a class that the system provides. */
type Of<Name extends "ListenPort" | "Privileges" | "UdpReceiver" | "UdpSender"> = InstanceType<System[Name]>;

export class NodejsSys extends NodejsClientSys implements Sys {
  readonly sockaddrFamily = system.SOCKADDR_FAMILY;
  /** The engine's views are native, so Node.js on a big-endian machine could not run it at all. */
  readonly bigEndian = false;
  /** Node's event loop, to which the driver returns when `yieldDue` says so. */
  readonly host = new HostLoop();
  protected readonly engine: Engine;
  private readonly base: number;
  private readonly privileges: Of<"Privileges">;
  private readonly tun: Tun;
  private readonly readiness = new Readiness(this.host);
  private readonly ports: Of<"ListenPort">[] = [];
  /** Whether to use what the kernel has of TUN offload, UDP_GRO and UDP_SEGMENT; SUBNETRA_OFFLOAD=0 turns them off. */
  private readonly offload = process.env.SUBNETRA_OFFLOAD !== "0";
  private segments = 0;
  // Made when the first socket is opened: the engine's regions do not move after that.
  private receiver: Of<"UdpReceiver"> | null = null;
  private sender: Of<"UdpSender"> | null = null;
  /** Descriptor of the system's events, -1 without. */
  private restores = -1;
  private stopping = false;
  /** The last wait saw that Node's event loop wants to run. */
  yieldDue = false;

  /**
   * @param engine laid out with DEFAULT_RX_BUFFERS
   * @param options.restart whether dropPrivileges may execute this program again (default), as it must when the
   *   process has capabilities; an embedding program that says no has to start without any
   * @param options.tun the device; the kernel's by default
   */
  constructor(engine: Engine, options: { readonly restart?: boolean; readonly tun?: Tun } = {}) {
    super();
    this.privileges = new system.Privileges(options.restart ?? true);
    this.engine = engine;
    this.tun = options.tun ?? new system.KernelTun(engine, this.privileges, this.offload);
    this.base = addressOf(engine.u8);
    system.keepOutOfDumps(this.base, this.base + engine.u8.length);
  }

  /** For a process of our own: it leaves no core file. */
  forbidDumps(): void {
    system.forbidDumps();
  }

  /** Makes the next wait return READY_STOP. For signal handlers and embedding programs. */
  requestStop(): void {
    this.stopping = true;
  }

  /** True in an image that dropPrivileges will replace: a signal it catches would be lost with it. */
  get restartAhead(): boolean {
    return this.privileges.collected !== null;
  }

  dropPrivileges(): number {
    const result = this.privileges.drop();
    if (result < 0) return result;
    this.restores = system.openRestoreEvents();
    this.readiness.watchRestores(this.restores);
    return result;
  }

  userId(): number {
    return process.geteuid!();
  }

  clock(offset: number): void {
    system.systemClock(this.engine.u32, this.base, offset);
  }

  random(offset: number, length: number): number {
    return system.fillRandom(this.base + offset, length);
  }

  override open(path: string, mode: number): number {
    if (mode === OPEN_READ) {
      const handed = this.privileges.inherited?.takeFile(path);
      if (handed !== undefined && handed !== null) return handed;
      if (this.privileges.collected !== null) return this.privileges.collected.captureFile(path);
    }
    return files.openFile(path, mode);
  }

  read(fd: number, offset: number, length: number): number {
    return files.readFile(fd, this.engine.u8, offset, length);
  }

  write(fd: number, offset: number, length: number): number {
    return files.writeFile(fd, this.engine.u8, offset, length);
  }

  fsync(fd: number): number {
    return files.syncFile(fd);
  }

  override close(fd: number): number {
    (this.privileges.inherited ?? this.privileges.collected)?.forget(fd);
    return super.close(fd);
  }

  rename(from: string, to: string): number {
    return files.renameFile(from, to);
  }

  unlink(path: string): number {
    return files.unlinkFile(path);
  }

  mkdir(path: string, mode: number): number {
    return files.makeDirectory(path, mode);
  }

  stat(path: string, offset: number): number {
    return files.statFile(path, this.engine.u8, offset);
  }

  fstat(fd: number, offset: number): number {
    const { inherited, collected } = this.privileges;
    if ((inherited ?? collected)?.fstat(fd, this.engine.u32, offset)) return 0;
    return files.statOpenFile(fd, this.engine.u8, offset);
  }

  lock(fd: number): number {
    return flock(fd, system.LOCK_NOW) < 0 ? -errno() : 0;
  }

  tunOpen(name: string): number {
    const opened = this.tun.open(name);
    if (opened < 0) return opened;
    this.keepKeysOutOfSwap();
    this.readiness.watchTun(this.tun.fd);
    return opened;
  }

  netlinkOpen(): number {
    return system.openRouteNetlink();
  }

  /** The most important pages first: the system may allow few. */
  private keepKeysOutOfSwap(): void {
    const at = (region: number): number => this.base + this.engine.call.region(region);
    system.keepOutOfSwap(this.base, at(REGION_SCRATCH));
    system.keepOutOfSwap(at(REGION_KEYS), at(REGION_UDP_MSG));
    system.keepOutOfSwap(at(REGION_SCRATCH), at(REGION_SCRATCH) + SCRATCH_LENGTH);
  }

  tunName(): string {
    return this.tun.name;
  }

  tunVnet(): number {
    return this.tun.vnet ? 1 : 0;
  }

  udpOpen(port: number): number {
    const { inherited, collected } = this.privileges;
    const handed = inherited?.takeUdp(port) ?? [];
    const fd = handed[0] ?? system.openUdpSocket(port);
    if (fd < 0) return fd;
    const lanes = handed.length > 0 ? handed.slice(1) : system.ListenPort.privilegedLanes(fd, port);
    for (const socket of [fd, ...lanes]) collected?.udp.push({ port, fd: socket });
    if (this.offload) system.enableGro(fd);
    this.segments = this.offload && system.supportsSegmentation(fd) ? 1 : 0;
    this.receiver ??= new system.UdpReceiver(this.engine);
    this.sender ??= new system.UdpSender(this.engine);
    const index = this.ports.push(new system.ListenPort(fd, lanes)) - 1;
    for (const each of this.ports) each.share(this.ports.length);
    this.readiness.watchUdp(index, fd);
    return index;
  }

  udpBuffer(): number {
    return Math.min(...this.ports.map((port) => system.sendBuffer(port.main)));
  }

  udpDrops(): number {
    let sum = 0;
    for (const port of this.ports) {
      const drops = port.drops();
      if (drops < 0) return -1;
      sum += drops;
    }
    return sum;
  }

  udpSegments(): number {
    return this.segments;
  }

  wait(timeoutMs: number): number {
    if (this.stopping) return READY_STOP;
    const due = this.tun.pending();
    let ready = this.readiness.wait(due === 0 ? timeoutMs : 0) | due;
    if ((ready & READY_RESTORED) !== 0 && !system.readRestoreEvents(this.restores)) ready &= ~READY_RESTORED;
    this.yieldDue = (ready & READY_YIELD) !== 0;
    return ready;
  }

  udpReceive(socket: number): number {
    return this.receiver!.receive(this.ports[socket]!.main);
  }

  udpSend(count: number): void {
    this.sender!.send(this.ports, count);
  }

  tunReceive(): number {
    return this.tun.receive();
  }

  tunSend(count: number): void {
    this.tun.send(count);
  }

  /**
   * With a restart ahead the second image binds, where it can: a signal during its first moments, before it has
   * handlers, must not leave a socket file behind.
   */
  unixInherited(path: string): number {
    const { inherited, collected } = this.privileges;
    if (collected !== null && system.writableWithoutCapabilities(directoryOf(path))) return -EINPROGRESS;
    const fd = inherited?.takeControl(path) ?? -1;
    return fd >= 0 ? fd : -ENOENT;
  }

  override unixBind(fd: number, path: string, mode: number): number {
    const bound = super.unixBind(fd, path, mode);
    const { collected } = this.privileges;
    if (bound >= 0 && collected !== null) collected.control = { path, fd };
    return bound;
  }

  watchControl(fd: number): void {
    this.readiness.watchControl(fd);
  }

  closeAll(): void {
    this.readiness.clear();
    for (const port of this.ports.splice(0)) port.closeAll();
    this.tun.close();
    if (this.restores >= 0) files.closeFile(this.restores);
    this.restores = -1;
  }
}
