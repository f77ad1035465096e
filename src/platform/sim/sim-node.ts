// A daemon on a simulated machine: the same core and engine as everywhere, turned when there is something to do.

import { type Finished, startDaemon } from "../../core/daemon.ts";
import type { Host } from "../../core/host.ts";
import type { RunningNode } from "../../core/running-node.ts";
import { COUNTER_COUNT, PEER_EPOCH, PEER_STRIDE, REGION_COUNTERS, REGION_PEERS } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import type { Machine } from "./machine.ts";
import { SimSys, type Surroundings } from "./sim-sys.ts";

/** ns between something becoming readable and the daemon seeing it: what arrives meanwhile is one batch. */
const WAKE_LATENCY = 20_000;
/** More turns than any work needs: a loop that never parks is a bug. */
const MAX_TURNS = 10_000;

export class SimNode {
  readonly machine: Machine;
  readonly engine: Engine;
  readonly sys: SimSys;
  private readonly world: Surroundings;
  private daemon: RunningNode | null = null;
  private wakeScheduled = false;
  /** Only the latest timer counts. */
  private timer = 0;

  constructor(machine: Machine, engine: Engine, world: Surroundings) {
    this.machine = machine;
    this.engine = engine;
    this.world = world;
    this.sys = new SimSys(machine, engine, world);
    this.sys.onReadable = () => this.wake();
  }

  /**
   * Starts the daemon with the program's arguments.
   *
   * @throws Error with everything the daemon printed, when it did not keep running
   */
  start(args: string[]): void {
    this.startWith((host) => startDaemon(host, args));
  }

  /** Starts whatever `open` makes of the engine and the machine. @throws Error as start() does */
  startWith(open: (host: Host) => Finished | RunningNode): void {
    const printed = this.machine.printed.length;
    const started = open({ engine: this.engine, sys: this.sys });
    if (!("turn" in started)) throw new Error(this.machine.printed.slice(printed).join(""));
    this.daemon = started;
    this.turnUntilParked();
  }

  get running(): boolean {
    return this.daemon !== null;
  }

  /** SIGTERM: the daemon leaves its loop and cleans up. */
  stop(): void {
    this.sys.stopRequested = true;
    this.turnUntilParked();
  }

  /** SIGKILL or a power cut: descriptors close, and nothing is cleaned up. */
  kill(): void {
    this.daemon = null;
    this.sys.exit();
  }

  /** The counters in the order of COUNTER_*. Also after the end: the last values, unless the engine was wiped. */
  counters(): bigint[] {
    const at = this.engine.call.region(REGION_COUNTERS);
    const view = new DataView(this.engine.u8.buffer, at, 8 * COUNTER_COUNT);
    return Array.from({ length: COUNTER_COUNT }, (_, i) => view.getBigUint64(8 * i, true));
  }

  /** The epochs adopted from the peers, in configuration order. */
  peerEpochs(): bigint[] {
    const { call, u8 } = this.engine;
    const view = new DataView(u8.buffer, call.region(REGION_PEERS), call.peerCount() * PEER_STRIDE);
    return Array.from({ length: call.peerCount() }, (_, i) =>
      view.getBigUint64(i * PEER_STRIDE + PEER_EPOCH, true),
    );
  }

  private wake(): void {
    if (this.wakeScheduled) return;
    this.wakeScheduled = true;
    this.world.events.after(WAKE_LATENCY, () => {
      this.wakeScheduled = false;
      this.turnUntilParked();
    });
  }

  private turnUntilParked(): void {
    const { sys } = this;
    sys.parkedFor = null;
    for (let turns = 0; sys.parkedFor === null; turns++) {
      if (this.daemon === null) return;
      if (turns === MAX_TURNS) throw new Error(`${this.machine.name} turns without end`);
      if (!this.daemon.turn()) this.daemon = null;
    }
    this.setTimer(sys.parkedFor);
  }

  private setTimer(timeoutMs: number): void {
    const timer = ++this.timer;
    if (timeoutMs < 0) return;
    this.world.events.afterMs(timeoutMs, () => {
      if (timer === this.timer) this.turnUntilParked();
    });
  }
}
