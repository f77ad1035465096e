// The loop of a node: wait, read a batch, hand it to the engine, flush what the engine staged (daemon-cli.md §6).

import {
  BATCH_MORE,
  CLOCK_MONOTONIC,
  DEFAULT_RX_BUFFERS,
  MAX_TUN_PACKETS,
  REGION_CLOCK,
  REGION_TUN_ARENA,
  REGION_TUND,
  TUN_ARENA_LENGTH,
  TUN_HEADROOM,
  TUN_READ_OFFLOAD,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
} from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";
import { Schedule } from "./schedule.ts";
import type { Sys } from "./sys.ts";
import {
  READY_CONTROL,
  READY_LOST,
  READY_RESTORED,
  READY_STOP,
  READY_TUN,
  READY_UDP,
  READY_YIELD,
} from "./sys.ts";

/** Batches taken from one descriptor before the others have their turn. */
const BATCHES_PER_TURN = 8;
/** What the reader leaves around a packet, once more for its alignment. */
const TUN_ROOM = 2 * (TUN_HEADROOM + TUN_TAILROOM);

/** Serves the control socket when it is readable or work is pending; the time of one call is bounded. */
export interface ControlService {
  serve(): void;
  /** Work is left over from the last call. */
  readonly pending: boolean;
}

/** One thread owns all protocol state: everything happens inside turn(). */
export class Reactor {
  private readonly engine: Engine;
  private readonly sys: Sys;
  private readonly control: ControlService;
  private readonly sockets: number;
  private readonly schedule: Schedule;
  private readonly clock: number;
  /** Index of the second of the monotonic clock in u32. */
  private readonly second: number;
  private readonly tunArena: number;
  private readonly tunPackets: number;
  /** Somebody else may have run since the clock was read: otherwise its reading after the wait is near enough. */
  private away = true;

  /**
   * @param engine laid out with DEFAULT_RX_BUFFERS
   * @param sockets number of UDP sockets opened
   * @param schedule work beside the packets' way
   */
  constructor(
    engine: Engine,
    sys: Sys,
    control: ControlService,
    sockets: number,
    schedule = new Schedule(engine.call),
  ) {
    this.engine = engine;
    this.sys = sys;
    this.control = control;
    this.sockets = sockets;
    this.schedule = schedule;
    this.clock = engine.call.region(REGION_CLOCK);
    this.second = (this.clock + CLOCK_MONOTONIC) >> 2;
    this.tunArena = engine.call.region(REGION_TUN_ARENA);
    this.tunPackets = engine.call.region(REGION_TUND);
  }

  /**
   * Sends a keepalive and does what the schedule has if it is due, waits for readiness up to when the next is and serves
   * every ready descriptor once, control last. Returns those of READY_STOP, READY_YIELD and READY_LOST that the platform
   * reported.
   */
  turn(): number {
    const call = this.engine.call;
    const sys = this.sys;
    if (this.away) sys.clock(this.clock);
    let timeout = call.timeout();
    if (timeout === 0) {
      sys.clock(this.clock);
      call.tick();
      this.flush();
      this.schedule.look(this.engine.u32[this.second]!);
      timeout = call.timeout();
    }
    // Data goes first even then: pending control work only keeps the loop from sleeping.
    const pending = this.control.pending;
    const ready = sys.wait(pending ? 0 : timeout);
    this.away = (ready & READY_YIELD) !== 0;
    sys.clock(this.clock);
    if ((ready & READY_RESTORED) !== 0) call.renewEpoch();
    for (let i = 0; i < this.sockets; i++) {
      if ((ready & (READY_UDP << i)) !== 0) this.drainUdp(i);
    }
    if ((ready & READY_TUN) !== 0) this.drainTun();
    if (pending || (ready & READY_CONTROL) !== 0) this.control.serve();
    if (ready >= READY_UDP && !this.schedule.stirred) this.schedule.stir(this.engine.u32[this.second]!);
    return ready & (READY_STOP | READY_YIELD | READY_LOST);
  }

  private drainUdp(socket: number): void {
    const call = this.engine.call;
    call.beginDrain();
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      const buffers = this.sys.udpReceive(socket);
      if (buffers <= 0) return;
      this.finish(call.udpBatch(socket, buffers));
      // Readiness is level-triggered: whatever arrives later is seen by the next wait.
      if (buffers < DEFAULT_RX_BUFFERS) return;
    }
  }

  private drainTun(): void {
    const call = this.engine.call;
    for (let i = 0; i < BATCHES_PER_TURN; i++) {
      const packets = this.sys.tunReceive();
      if (packets <= 0) return;
      this.finish(call.tunBatch(packets));
      // Otherwise the platform stopped because the device had no more.
      if (packets < MAX_TUN_PACKETS && !this.arenaIsFull(packets)) return;
    }
  }

  /** True when one more of the largest packets might not have fitted behind the last one of a batch. */
  private arenaIsFull(packets: number): boolean {
    const { u32 } = this.engine;
    const last = (this.tunPackets + (packets - 1) * TUND_STRIDE) >> 2;
    const end = u32[last + (TUND_OFFSET >> 2)]! + u32[last + (TUND_LENGTH >> 2)]!;
    return end + TUN_READ_OFFLOAD + TUN_ROOM > this.tunArena + TUN_ARENA_LENGTH;
  }

  private finish(result: number): void {
    let state = result;
    this.flush();
    while (state === BATCH_MORE) {
      state = this.engine.call.resume();
      this.flush();
    }
  }

  /** Hands everything the engine staged to the kernel. */
  private flush(): void {
    const call = this.engine.call;
    const messages = call.udpStaged();
    if (messages > 0) this.sys.udpSend(messages);
    call.udpSettle();
    const writes = call.tunStaged();
    if (writes > 0) this.sys.tunSend(writes);
    call.tunSettle();
  }
}
