// Virtual time: nothing happens but the next event. Events of the same moment happen in the order they were added.

const NS_PER_MS = 1_000_000;

interface Event {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** The clock and the agenda of a simulation. Time is in ns since its start, exact up to 2^53 (104 days). */
export class EventQueue {
  now = 0;
  /** Events run so far. */
  done = 0;
  private readonly heap: Event[] = [];
  private added = 0;

  /** Runs `run` after `delay` ns. */
  after(delay: number, run: () => void): void {
    const event = { time: this.now + Math.max(0, Math.round(delay)), order: this.added++, run };
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  afterMs(delay: number, run: () => void): void {
    this.after(delay * NS_PER_MS, run);
  }

  /** Time of the next event, or Infinity. */
  next(): number {
    return this.heap.length === 0 ? Number.POSITIVE_INFINITY : this.heap[0]!.time;
  }

  /** Moves to the next event and runs it. False when there is none. */
  step(): boolean {
    const event = this.take();
    if (event === undefined) return false;
    this.now = event.time;
    this.done++;
    event.run();
    return true;
  }

  private take(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
