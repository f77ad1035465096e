// SIGUSR1 opens no debugger, and SIGHUP neither ends the daemon nor leaves its socket behind.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { ping } from "../../lab/ping.ts";
import { sleep } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { B_OVERLAY, Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { abuse } from "../support/abuse/suite.ts";

const TIMES = 5;
const PAUSE_MS = 100;
const LISTEN = "0A";

abuse("Signals that are none of the daemon's business", () => {
  let star: Star;

  /** TCP sockets that listen in the hub's network namespace. */
  function listening(): number {
    const sockets = ["tcp", "tcp6"].flatMap((file) => {
      return readFileSync(`/proc/${star.hub.pid}/net/${file}`, "latin1").split("\n").slice(1);
    });
    return sockets.filter((line) => line.trim().split(/\s+/)[3] === LISTEN).length;
  }

  before(async () => {
    star = new Star("abusesig", { builds, kind: "roles" });
    await star.start();
    ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.1 });
  });
  after(() => star?.close());

  for (const signal of ["SIGUSR1", "SIGHUP"] as const) {
    it(`${signal} changes nothing`, async () => {
      for (let i = 0; i < TIMES; i++) {
        star.hub.daemon?.signal(signal);
        await sleep(PAUSE_MS);
      }
      figure(`A5 daemons that live after ${signal}`, star.hub.running ? 1 : 0, { atLeast: 1, atMost: 1 });
      figure(`A5 TCP sockets that listen after ${signal}`, listening(), { atLeast: 0, atMost: 0 });
      assert.ok(existsSync(star.hub.socketPath));
      assert.match(star.hub.ask("status"), /\[running\]/);
      assert.equal(ping(star.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.1 }).received, 3);
    });
  }
});
