// A peer whose address changes, as behind a NAT that forgot it: its datagrams leave by another port from one moment on.

import type { Lab } from "../../../lab/lab.ts";
import { sleep } from "../../../lab/process.ts";
import { B_OVERLAY, HUB_UNDERLAY_A, PORT, type Star } from "../../../lab/star.ts";

const TABLE = "moving";
const FIRST_PORT = 30000;
/** 100 packets/s. */
const PING_INTERVAL_S = 0.01;
const GIVE_UP_MS = 8000;
const SETTLE_MS = 300;
/** ping -D: when the reply came, in seconds of the wall clock, and how long the round trip took. */
const REPLY = /^\[([\d.]+)\] .*time=([\d.]+) ms/gm;

/** From now on the hub sees A's datagrams come from this port, and A gets what is sent there. */
function moveTo(lab: Lab, port: number): void {
  lab.nft(
    "a",
    `table ip ${TABLE}
    delete table ip ${TABLE}
    table ip ${TABLE} {
      chain out {
        type filter hook output priority raw;
        ip daddr ${HUB_UNDERLAY_A} udp sport ${PORT} udp sport set ${port}
      }
      chain in {
        type filter hook prerouting priority raw;
        ip saddr ${HUB_UNDERLAY_A} udp dport ${port} udp dport set ${PORT}
      }
    }\n`,
  );
}

/**
 * Moves A again and again while it pings B 100 times a second. Returns for each move the seconds until the first reply
 * to a ping sent after it; infinity when none came within eight seconds.
 */
export async function followTimes(star: Star, moves: number): Promise<number[]> {
  const words = ["stdbuf", "-oL", "ping", "-n", "-D", "-i", String(PING_INTERVAL_S), B_OVERLAY];
  const pings = star.lab.start("a", "ping from a moving peer", words);
  await pings.seen(/time=/);
  const times: number[] = [];
  for (let move = 0; move < moves; move++) {
    await sleep(SETTLE_MS);
    moveTo(star.lab, FIRST_PORT + move);
    const moved = Date.now() / 1000;
    const seen = pings.stdout.length;
    let followed = Number.POSITIVE_INFINITY;
    while (followed === Number.POSITIVE_INFINITY && Date.now() / 1000 - moved < GIVE_UP_MS / 1000) {
      await sleep(20);
      for (const [, came, time] of pings.stdout.slice(seen).matchAll(REPLY)) {
        if (Number(came) - Number(time) / 1000 < moved) continue;
        followed = Number(came) - moved;
        break;
      }
    }
    times.push(followed);
  }
  await pings.stop("SIGINT");
  return times;
}
