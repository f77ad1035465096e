// Work beside the packets' way: when a schedule of tasks has something to do, and what datagrams change about it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Schedule, type Task } from "../../../src/core/schedule.ts";
import { NO_ALARM } from "../../../src/engine/abi.ts";

/** The engine's alarm. */
class Alarm {
  second = NO_ALARM;

  wakeAt(second: number): void {
    this.second = second;
  }
}

/** Looks every `every` seconds, and once in the second after something arrived. */
class Recorder implements Task {
  due: number;
  readonly looks: number[] = [];
  private readonly every: number;

  constructor(due: number, every: number) {
    this.due = due;
    this.every = every;
  }

  stir(now: number): void {
    this.due = Math.min(this.due, now + 1);
  }

  look(now: number): void {
    if (now < this.due) return;
    this.looks.push(now);
    this.due = this.every === 0 ? NO_ALARM : now + this.every;
  }
}

test("an empty schedule waits for ever, whatever arrives", () => {
  const alarm = new Alarm();
  const schedule = new Schedule(alarm);
  assert.equal(alarm.second, NO_ALARM);
  schedule.stir(1);
  assert.equal(alarm.second, NO_ALARM);
  assert.equal(schedule.stirred, true);
});

test("the task due first decides, and only those due do something", () => {
  const alarm = new Alarm();
  const schedule = new Schedule(alarm);
  const slow = new Recorder(7, 5);
  const quick = new Recorder(3, 2);
  schedule.add(slow);
  schedule.add(quick);
  for (let now = 0; now <= 12; now++) if (now >= alarm.second) schedule.look(now);
  assert.deepEqual(slow.looks, [7, 12]);
  assert.deepEqual(quick.looks, [3, 5, 7, 9, 11]);
  assert.equal(alarm.second, 13);
});

test("what arrives just before another task's look is not forgotten", () => {
  const alarm = new Alarm();
  const schedule = new Schedule(alarm);
  const idle = new Recorder(NO_ALARM, 0);
  schedule.add(new Recorder(1, 5));
  schedule.add(idle);
  schedule.stir(0);
  assert.equal(schedule.stirred, true);
  schedule.look(1);
  assert.deepEqual(idle.looks, [1]);
  assert.equal(schedule.stirred, false, "the next datagram stirs again");
  schedule.stir(1);
  assert.equal(alarm.second, 2);
});
