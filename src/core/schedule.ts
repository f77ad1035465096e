// What a node does beside the packets' way, now and then, by whole seconds: the engine's alarm tells when, together with
// the keepalives, so that a turn with nothing of it costs nothing.

/** `due` of what waits for datagrams: no alarm. */
export const NEVER = 0xffffffff;

/** A piece of such work. Seconds are those of the monotonic clock in REGION_CLOCK. */
export interface Task {
  /** The second in which look() has something to do, NEVER until stir(). */
  readonly due: number;
  /** Datagrams have arrived. */
  stir(now: number): void;
  /** Does a piece of work, of bounded length, if it is time. REGION_CLOCK is fresh. */
  look(now: number): void;
}

/** All of it together. */
export class Schedule {
  private readonly tasks: Task[] = [];
  /** The second in which look() has something to do, NEVER when it waits for stir(). */
  due = NEVER;
  /** Datagrams that arrive change nothing before the next look(). */
  stirred = false;

  add(task: Task): void {
    this.tasks.push(task);
    if (task.due < this.due) this.due = task.due;
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
    this.due = NEVER;
    for (let i = 0; i < this.tasks.length; i++) this.due = Math.min(this.due, this.tasks[i]!.due);
  }
}
