// What a node does beside the packets' way, now and then, by whole seconds: the engine's alarm tells when, together with
// the keepalives, so that a turn with nothing of it costs nothing.

import { NO_ALARM } from "../engine/abi.ts";
import type { EngineExports } from "../engine/exports.ts";

/** A piece of such work. Seconds are those of the monotonic clock in REGION_CLOCK. */
export interface Task {
  /** The second in which look() has something to do, NO_ALARM until stir(). */
  readonly due: number;
  /** Datagrams have arrived. */
  stir(now: number): void;
  /** Does a piece of work, of bounded length, if it is time. REGION_CLOCK is fresh. */
  look(now: number): void;
}

/** All of it together. It owns the alarm, which is set to the second in which look() has something to do. */
export class Schedule {
  private readonly alarm: Pick<EngineExports, "wakeAt">;
  private readonly tasks: Task[] = [];
  /** Datagrams that arrive change nothing before the next look(). */
  stirred = false;

  constructor(alarm: Pick<EngineExports, "wakeAt">) {
    this.alarm = alarm;
  }

  add(task: Task): void {
    this.tasks.push(task);
    this.reckon();
  }

  /** Datagrams have arrived. */
  stir(now: number): void {
    this.stirred = true;
    for (let i = 0; i < this.tasks.length; i++) this.tasks[i]!.stir(now);
    this.reckon();
  }

  /** Does what is due. REGION_CLOCK is fresh. */
  look(now: number): void {
    this.stirred = false;
    for (let i = 0; i < this.tasks.length; i++) this.tasks[i]!.look(now);
    this.reckon();
  }

  private reckon(): void {
    let due = NO_ALARM;
    for (let i = 0; i < this.tasks.length; i++) due = Math.min(due, this.tasks[i]!.due);
    this.alarm.wakeAt(due);
  }
}
