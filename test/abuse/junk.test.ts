// Junk must not multiply into scans of all peers.
//
//   A ─── hub ─── B      the hub knows 1,000 or 16,000 peers; an attacker sends datagrams that no key opens
//          │
//       attacker
//
// The machine is shared: generator, both ends of TCP and the daemons divide its processors. So one TCP connection and one
// flood run all the while, and the flood turns every second between the hub's ports and sockets in the hub's namespace that
// nobody reads: generator and kernel do the same work, only the daemon is left out of it. The rate in the seconds of the
// second kind counts as whole.

import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { startIperfServer } from "../../lab/iperf.ts";
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
/** Seconds without and with junk in turn. */
const PHASES = 16;
const PHASE_MS = 1000;
const PINGS = 150;
const PING_INTERVAL_S = 0.02;

/** Bytes that the hub's daemon has put into its TUN device. */
function delivered(star: Star): number {
  const line = readFileSync(`/proc/${star.hub.pid}/net/dev`, "utf8")
    .split("\n")
    .find((text) => text.includes("snr0:"));
  return Number(line?.split(":")[1]?.trim().split(/\s+/)[0]);
}

interface Rates {
  /** Mbit/s of TCP, one value for each second without and with junk at the hub. */
  readonly whole: number[];
  readonly flooded: number[];
}

/** One TCP connection from A to the hub while junk goes past the hub and to it in turn. */
async function ratesUnder(star: Star, junk: number): Promise<Rates> {
  const rates: Rates = { whole: [], flooded: [] };
  const flood = await Flood.start(star, DRAIN_PORTS, junk, HUB_PORTS);
  const seconds = 2 + (PHASES * PHASE_MS) / 1000 + 5;
  const client = star.lab.start("a", "iperf3", ["iperf3", "-c", HUB_OVERLAY, "-t", String(seconds)]);
  await sleep(2000);
  for (let phase = 0; phase < PHASES; phase++) {
    const before = { bytes: delivered(star), time: performance.now() };
    await sleep(PHASE_MS);
    const mbit = ((delivered(star) - before.bytes) * 8) / 1000 / (performance.now() - before.time);
    (phase % 2 === 0 ? rates.whole : rates.flooded).push(mbit);
    flood.turn();
  }
  await flood.stop();
  await client.stop("SIGINT");
  return rates;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

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
        const { whole, flooded } = await ratesUnder(star, junk);
        const shown = (rates: number[]) => rates.map((rate) => rate.toFixed(0)).join(" ");
        console.log(`  Mbit/s: ${shown(whole)} without, ${shown(flooded)} with`);
        figure(`A2 TCP, share of its rate: ${under}`, sum(flooded) / sum(whole), { atLeast: 0.8 });
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
