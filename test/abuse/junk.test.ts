// Junk must not multiply into scans of all peers.
//
//   A ─── hub ─── B      the hub knows 1,000 or 16,000 peers; an attacker sends datagrams that no key opens
//          │
//       attacker
//
// The machine is shared: generator, both ends of TCP and the daemons divide its processors. So the rate that counts
// as whole is measured in the same run with the same flood going to sockets in the hub's namespace that nobody reads:
// generator and kernel do the same work, only the daemon is left out of it. Both alternate.

import { after, before, it } from "node:test";
import { iperf, startIperfServer } from "../../lab/iperf.ts";
import { ping } from "../../lab/ping.ts";
import { sleep } from "../../lab/process.ts";
import { B_OVERLAY, HUB_OVERLAY, type Star } from "../../lab/star.ts";
import {
  crowdedStar,
  DRAIN_PORTS,
  Flood,
  HUB_PORTS,
  openDrain,
  startCrowded,
} from "../support/abuse/crowd.ts";
import { figure } from "../support/abuse/figures.ts";
import { followTimes } from "../support/abuse/moving-peer.ts";
import { quantile } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

const CASES = [
  { peers: 1000, rates: [5000, 20000], moves: 10 },
  { peers: 16000, rates: [3000], moves: 0 },
];
const ROUNDS = 3;
const TCP_SECONDS = 2;
const PINGS = 150;
const PING_INTERVAL_S = 0.02;

/** TCP rate from A to the hub while junk goes to these ports. */
async function rateUnder(star: Star, ports: readonly number[], junk: number): Promise<number> {
  const flood = await Flood.start(star, ports, junk);
  await sleep(300);
  const rate = iperf(star.lab, "a", HUB_OVERLAY, TCP_SECONDS);
  await flood.stop();
  return rate;
}

for (const { peers, rates, moves } of CASES) {
  abuse(`Junk at a hub of ${peers} peers`, () => {
    let star: Star;

    before(async () => {
      star = crowdedStar(`junk${peers}`, peers);
      await startCrowded(star);
      await startIperfServer(star.lab, "hub", HUB_OVERLAY);
      await openDrain(star);
      ping(star.lab, "a", B_OVERLAY, { count: 5, intervalSeconds: 0.1 });
    });
    after(() => star?.close());

    for (const junk of rates) {
      const under = `${peers} peers, ${junk} junk/s`;

      it(`TCP keeps its rate: ${under}`, async () => {
        const whole: number[] = [];
        const flooded: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          whole.push(await rateUnder(star, DRAIN_PORTS, junk));
          flooded.push(await rateUnder(star, HUB_PORTS, junk));
        }
        console.log(
          `  Mbit/s: ${whole.map((rate) => (rate / 1e6).toFixed(0))} without, ${flooded.map((rate) => (rate / 1e6).toFixed(0))} with`,
        );
        figure(`A2 TCP, share of its rate: ${under}`, quantile(flooded, 0.5) / quantile(whole, 0.5), {
          atLeast: 0.8,
        });
      });

      it(`ping stays short: ${under}`, async () => {
        const flood = await Flood.start(star, HUB_PORTS, junk);
        const { sent, received, averageMs } = ping(star.lab, "a", B_OVERLAY, {
          count: PINGS,
          intervalSeconds: PING_INTERVAL_S,
        });
        await flood.stop();
        figure(`A2 ping, average: ${under}`, averageMs, { atMost: 5 }, " ms");
        figure(`A2 ping, lost: ${under}`, 1 - received / sent, { atMost: 0.02 });
      });

      if (moves > 0) {
        it(`a peer that moves is followed: ${under}`, async () => {
          const flood = await Flood.start(star, HUB_PORTS, junk);
          const times = await followTimes(star, moves);
          await flood.stop();
          console.log(`  s: ${times.map((time) => time.toFixed(2)).join(" ")}`);
          figure(
            `A2 moved peer followed, median of ${moves}: ${under}`,
            quantile(times, 0.5),
            { atMost: 3 },
            " s",
          );
        });
      }
    }
  });
}
