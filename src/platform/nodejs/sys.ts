// Sys on Linux under Node.js: puts the parts of this folder together.

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
import { writableWithoutCapabilities } from "./linux/capabilities.ts";
import { fillRandom, systemClock } from "./linux/clock.ts";
import { AF_INET, LOCK_NOW } from "./linux/constants.ts";
import { ListenPort } from "./linux/listen-port.ts";
import { Privileges } from "./linux/privileges.ts";
import { openRestoreEvents, readRestoreEvents } from "./linux/restore-event.ts";
import { forbidDumps, keepOutOfDumps, keepOutOfSwap } from "./linux/secret-memory.ts";
import { openTun, type TunDevice } from "./linux/tun-device.ts";
import { TunIo } from "./linux/tun-io.ts";
import { UdpReceiver } from "./linux/udp-receive.ts";
import { UdpSender } from "./linux/udp-send.ts";
import { enableGro, openUdpSocket, sendBuffer, supportsSegmentation } from "./linux/udp-socket.ts";
import { Readiness } from "./readiness.ts";

export class NodejsSys extends NodejsClientSys implements Sys {
  readonly sockaddrFamily = AF_INET;
  /** Node's event loop, to which the driver returns when `yieldDue` says so. */
  readonly host = new HostLoop();
  protected readonly engine: Engine;
  private readonly base: number;
  private readonly privileges: Privileges;
  private readonly readiness = new Readiness(this.host);
  private readonly ports: ListenPort[] = [];
  /** Whether to use what the kernel has of TUN offload, UDP_GRO and UDP_SEGMENT; SUBNETRA_OFFLOAD=0 turns them off. */
  private readonly offload = process.env.SUBNETRA_OFFLOAD !== "0";
  private segments = 0;
  private tun: TunDevice | null = null;
  // Made when the first device or socket is opened: the engine's regions do not move after that.
  private tunIo: TunIo | null = null;
  private receiver: UdpReceiver | null = null;
  private sender: UdpSender | null = null;
  /** Descriptor of the system's events, -1 without. */
  private restores = -1;
  private stopping = false;
  /** The last wait saw that Node's event loop wants to run. */
  yieldDue = false;

  /**
   * @param engine laid out with DEFAULT_RX_BUFFERS
   * @param options.restart whether dropPrivileges may execute this program again (default), as it must when the
   *   process has capabilities; an embedding program that says no has to start without any
   */
  constructor(engine: Engine, options: { readonly restart?: boolean } = {}) {
    super();
    this.privileges = new Privileges(options.restart ?? true);
    this.engine = engine;
    this.base = addressOf(engine.u8);
    keepOutOfDumps(this.base, this.base + engine.u8.length);
  }

  /** For a process of our own: it leaves no core file. */
  forbidDumps(): void {
    forbidDumps();
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
    this.restores = openRestoreEvents();
    this.readiness.watchRestores(this.restores);
    return result;
  }

  userId(): number {
    return process.geteuid!();
  }

  clock(offset: number): void {
    systemClock(this.engine.u32, this.base, offset);
  }

  random(offset: number, length: number): number {
    return fillRandom(this.base + offset, length);
  }

  open(path: string, mode: number): number {
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
    return flock(fd, LOCK_NOW) < 0 ? -errno() : 0;
  }

  tunOpen(name: string): number {
    const device = this.privileges.inherited?.takeTun() ?? openTun(name, this.offload);
    if (typeof device === "number") return device;
    this.tun = device;
    this.tunIo = new TunIo(this.engine);
    this.keepKeysOutOfSwap();
    this.readiness.watchTun(device.fd);
    if (this.privileges.collected !== null) this.privileges.collected.tun = device;
    return 0;
  }

  /** The most important pages first: the system may allow few. */
  private keepKeysOutOfSwap(): void {
    const at = (region: number): number => this.base + this.engine.call.region(region);
    keepOutOfSwap(this.base, at(REGION_SCRATCH));
    keepOutOfSwap(at(REGION_KEYS), at(REGION_UDP_MSG));
    keepOutOfSwap(at(REGION_SCRATCH), at(REGION_SCRATCH) + SCRATCH_LENGTH);
  }

  tunName(): string {
    return this.tun === null ? "" : this.tun.name;
  }

  tunVnet(): number {
    return this.tun?.vnet ? 1 : 0;
  }

  udpOpen(port: number): number {
    const { inherited, collected } = this.privileges;
    const handed = inherited?.takeUdp(port) ?? [];
    const fd = handed[0] ?? openUdpSocket(port);
    if (fd < 0) return fd;
    const lanes = handed.length > 0 ? handed.slice(1) : ListenPort.privilegedLanes(fd, port);
    for (const socket of [fd, ...lanes]) collected?.udp.push({ port, fd: socket });
    if (this.offload) enableGro(fd);
    this.segments = this.offload && supportsSegmentation(fd) ? 1 : 0;
    this.receiver ??= new UdpReceiver(this.engine);
    this.sender ??= new UdpSender(this.engine);
    const index = this.ports.push(new ListenPort(fd, lanes)) - 1;
    for (const each of this.ports) each.share(this.ports.length);
    this.readiness.watchUdp(index, fd);
    return index;
  }

  udpBuffer(): number {
    return Math.min(...this.ports.map((port) => sendBuffer(port.main)));
  }

  udpSegments(): number {
    return this.segments;
  }

  wait(timeoutMs: number): number {
    if (this.stopping) return READY_STOP;
    let ready = this.readiness.wait(timeoutMs);
    if ((ready & READY_RESTORED) !== 0 && !readRestoreEvents(this.restores)) ready &= ~READY_RESTORED;
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
    return this.tunIo!.receive(this.tun!.fd, this.tun!.vnet);
  }

  tunSend(count: number): void {
    this.tunIo!.send(this.tun!.fd, count);
  }

  /**
   * With a restart ahead the second image binds, where it can: a signal during its first moments, before it has
   * handlers, must not leave a socket file behind.
   */
  unixInherited(path: string): number {
    const { inherited, collected } = this.privileges;
    if (collected !== null && writableWithoutCapabilities(directoryOf(path))) return -EINPROGRESS;
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
    if (this.tun !== null) files.closeFile(this.tun.fd);
    this.tun = null;
    if (this.restores >= 0) files.closeFile(this.restores);
    this.restores = -1;
  }
}

/** Directory part of a path, as a byte string. */
function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, Math.max(slash, 1));
}
