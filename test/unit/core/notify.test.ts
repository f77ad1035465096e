// What a service manager is told, and when: the messages of sd_notify(3), daemon-cli.md §10.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Notifier } from "../../../src/core/notify.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const engine = loadEngine();

/** A machine whose service manager listens at `address`, with every message sent and where it was sent to. */
function prepare(address: string | undefined) {
  const sys = new FakeSys(engine);
  if (address !== undefined) sys.environment.NOTIFY_SOCKET = address;
  const sent: string[] = [];
  const places: string[] = [];
  let answer = 0;
  sys.unixSend = (_fd, text, place) => {
    if (answer >= 0) {
      sent.push(text);
      places.push(place);
    }
    return answer;
  };
  const state = { online: 1 };
  const notifier = Notifier.open(sys, 3, () => state.online);
  return {
    sys,
    state,
    notifier,
    places,
    take: () => sent.splice(0),
    refuse: (refused: boolean) => {
      answer = refused ? -11 : 0;
    },
  };
}

test("no manager, no notifier: unset, empty, and what is no address", () => {
  for (const address of [undefined, "", "/", "@", "relative", "vsock:2:1"])
    assert.equal(prepare(address).notifier, null, String(address));
});

test("a name with @ is one of the abstract names", () => {
  for (const [address, place] of [
    ["@manager", "\0manager"],
    ["/run/manager", "/run/manager"],
  ] as const) {
    const { notifier, places } = prepare(address);
    notifier!.ready(100);
    assert.deepEqual(places, [place]);
  }
});

test("ready, then the number of peers online when it has changed, at most every five seconds", () => {
  const { notifier, state, take } = prepare("/run/manager");
  notifier!.ready(100);
  assert.deepEqual(take(), ["READY=1\nSTATUS=1 of 3 peers online"]);
  assert.equal(notifier!.due, 105);
  state.online = 2;
  notifier!.stir();
  notifier!.look(104);
  assert.deepEqual(take(), []);
  notifier!.look(105);
  assert.deepEqual(take(), ["STATUS=2 of 3 peers online"]);
  notifier!.look(110);
  assert.deepEqual(take(), [], "nothing has changed");
  assert.equal(notifier!.due, 115);
});

test("what a full queue refuses is told with the next look", () => {
  const { notifier, state, take, refuse } = prepare("/run/manager");
  notifier!.ready(100);
  take();
  state.online = 3;
  refuse(true);
  notifier!.look(105);
  refuse(false);
  notifier!.look(110);
  assert.deepEqual(take(), ["STATUS=3 of 3 peers online"]);
  notifier!.look(115);
  assert.deepEqual(take(), []);
});

test("it stops", () => {
  const { notifier, take } = prepare("/run/manager");
  notifier!.stopping();
  assert.deepEqual(take(), ["STOPPING=1\nSTATUS=stopping"]);
});
