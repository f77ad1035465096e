// Waiting: one poll over the device, the sockets and Node's own event loop.

import {
  READY_CONTROL,
  READY_LOST,
  READY_RESTORED,
  READY_TUN,
  READY_UDP,
  READY_YIELD,
} from "../../core/sys.ts";
import { MAX_LISTEN_PORTS } from "../../engine/abi.ts";
import type { HostLoop } from "./host-loop.ts";
import { poll } from "./libc.ts";
import { NativeMemory } from "./native-memory.ts";
import { POLLIN } from "./posix.ts";

const POLLFD_SIZE = 8;
const LONGEST_WAIT = 0x7fffffff;
const HOST = 0;
const TUN = 1;
const CONTROL = 2;
const RESTORED = 3;
const UDP = 4;
const SLOTS = UDP + MAX_LISTEN_PORTS;
const READY_BIT = [READY_YIELD, READY_TUN, READY_CONTROL, READY_RESTORED];
for (let i = 0; i < MAX_LISTEN_PORTS; i++) READY_BIT.push(READY_UDP << i);

export class Readiness {
  private readonly host: HostLoop;
  private readonly memory = new NativeMemory(SLOTS * POLLFD_SIZE);

  constructor(host: HostLoop) {
    this.host = host;
    this.clear();
    this.set(HOST, host.fd);
  }

  watchTun(fd: number): void {
    this.set(TUN, fd);
  }

  watchControl(fd: number): void {
    this.set(CONTROL, fd);
  }

  watchRestores(fd: number): void {
    this.set(RESTORED, fd);
  }

  watchUdp(socket: number, fd: number): void {
    this.set(UDP + socket, fd);
  }

  /** Forgets all descriptors of the node. */
  clear(): void {
    for (let slot = TUN; slot < SLOTS; slot++) this.set(slot, -1);
  }

  /** READY_* bits of what is readable within `timeoutMs` (-1 = no limit); READY_YIELD when Node wants to run. */
  wait(timeoutMs: number): number {
    const hostMs = this.host.timeout();
    const hostFirst = hostMs >= 0 && (timeoutMs < 0 || hostMs <= timeoutMs);
    const count = poll(this.memory.base, SLOTS, Math.min(hostFirst ? hostMs : timeoutMs, LONGEST_WAIT));
    // Interrupted: Node's signal handler has run and left a note in its loop.
    if (count < 0) return READY_YIELD;
    if (count === 0) return hostFirst ? READY_YIELD : 0;
    let ready = hostMs === 0 ? READY_YIELD : 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const events = this.memory.u32[((slot * POLLFD_SIZE) >> 2) + 1]! >>> 16;
      if (events === 0) continue;
      // A removed device reports an error without data for ever.
      if (slot === TUN && (events & POLLIN) === 0) ready |= READY_LOST;
      else ready |= READY_BIT[slot]!;
    }
    return ready;
  }

  /** poll ignores slots whose descriptor is -1. */
  private set(slot: number, fd: number): void {
    const at = (slot * POLLFD_SIZE) >> 2;
    this.memory.u32[at] = fd;
    this.memory.u32[at + 1] = POLLIN;
  }
}
