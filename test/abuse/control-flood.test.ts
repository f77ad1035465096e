// Control work must not hold up data.
//
//   A ─── hub ─── B      the hub knows 1,000 peers; somebody on the hub's machine floods its control socket

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { sleep, until } from "../../lab/process.ts";
import { compiled } from "../../lab/project.ts";
import { B_OVERLAY, type Star } from "../../lab/star.ts";
import { crowdedStar, startCrowded } from "../support/abuse/crowd.ts";
import { figure } from "../support/abuse/figures.ts";
import { PingStream, type PingTimes, quantile } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

const PEERS = 1000;
const SECONDS = 10;
const PING_INTERVAL_MS = 10;
const BACKLOG_MS = 60000;
const SLOWER_MS = 20;
/** The slowest ping of a hundred counts: a stall of 0.1 s is ten of them. The slowest of all has twice the room. */
const SHARE = 0.99;

abuse("A flood of control requests", () => {
  let star: Star;
  let quiet: PingTimes;

  async function pings(beside: () => Promise<void>): Promise<PingTimes> {
    const stream = PingStream.start(star.lab, "a", B_OVERLAY, PING_INTERVAL_MS);
    await stream.firstReply(3000);
    await beside();
    return stream.stop();
  }

  before(async () => {
    star = crowdedStar("abusectl", PEERS);
    await startCrowded(star);
    quiet = await pings(() => sleep(SECONDS * 500));
  });
  after(() => star?.close());

  for (const kind of ["unbound", "bound"]) {
    it(`relayed pings from beside an ${kind} socket's flood`, async () => {
      const command = [
        process.execPath,
        compiled("test/support/abuse/control-requests.ts"),
        star.hub.socketPath,
        kind,
      ];
      const flooded = await pings(async () => {
        const flood = star.lab.start("hub", `${kind} flood`, [...command, String(SECONDS)]);
        assert.equal(await flood.exited((SECONDS + 10) * 1000), 0, flood.output);
        const sent = Number(/sent=(\d+)/.exec(flood.stdout)?.[1]);
        console.log(`  ${flood.stdout.split("\n")[1]}`);
        assert.ok(sent > 0, "the daemon took requests");
      });
      const times = [0.5, SHARE, 1].map(
        (share) => `${quantile(flooded.times, share)} (${quantile(quiet.times, share)})`,
      );
      console.log(`  ms, and without the flood: median ${times[0]}, 99 % ${times[1]}, slowest ${times[2]}`);
      const slower = (share: number) => quantile(flooded.times, share) - quantile(quiet.times, share);
      figure(
        `A8 relayed ping slower, ${SHARE * 100} % of them: ${kind} socket`,
        slower(SHARE),
        { atMost: SLOWER_MS },
        " ms",
      );
      figure(
        `A8 relayed ping slower, the slowest: ${kind} socket`,
        slower(1),
        { atMost: 2 * SLOWER_MS },
        " ms",
      );
      // What is queued still has to be done, in small pieces.
      await until("the daemon to answer", BACKLOG_MS, () => star.hub.client("status").status === 0, 1000);
    });
  }
});
