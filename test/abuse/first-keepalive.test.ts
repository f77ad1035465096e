// A spoke is there as soon as it says that it is ready.
//
//   A ─── hub ─── B      B has nothing to send: only its keepalive tells the hub where it is

import { after, before, it } from "node:test";
import { builds } from "../../lab/project.ts";
import { B_OVERLAY, Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { PingStream } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

const WAIT_MS = 4000;

abuse("First keepalive", () => {
  let star: Star;

  before(async () => {
    star = new Star("abusekeep", {
      builds,
      kind: "roles",
      adjust: (name, config) => {
        // B comes from a port that the hub was not told, as from behind NAT.
        if (name === "b") config.listen_ports = [45678];
      },
    });
    await star.startHub();
    await star.a.start();
  });
  after(() => star?.close());

  it("an idle second spoke is reachable within a second of its ready line", async () => {
    const daemon = star.b.spawn();
    await daemon.seen(/\[ready\]/);
    const ready = performance.now();
    star.b.applyPlan();
    const pings = PingStream.start(star.lab, "a", B_OVERLAY, 50);
    const first = await pings.firstReply(WAIT_MS).catch(() => Number.POSITIVE_INFINITY);
    await pings.stop();
    figure("A15 idle second spoke: reachable after", (first - ready) / 1000, { atMost: 1 }, " s");
  });
});
