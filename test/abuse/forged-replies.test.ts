// Replies to the client come from the daemon or not at all.
//
//   hub's namespace:   subnetra ──▶ subnetrad
//                         ▲
//                      another user, who finds the client's address in /proc/net/unix

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, before, it } from "node:test";
import { type LabProcess, sleep } from "../../lab/process.ts";
import { builds, compiled } from "../../lab/project.ts";
import { Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { abuse } from "../support/abuse/suite.ts";

const ATTEMPTS = 200;
/** Clients at once; the daemon's queue holds ten. */
const BATCH = 8;
const GENUINE = 2000;
/** Clients of the static file that run beside each other: one takes 20 ms of processor time. */
const LOOPS = 4;
/** Until every client of a batch has sent its request. */
const SENT_WITHIN_MS = builds.hub.name === "tiny" ? 60 : 700;

abuse("Forged replies", () => {
  let star: Star;
  let forger: LabProcess;

  before(async () => {
    star = new Star("abuseforge", { builds, kind: "roles" });
    await star.startHub();
    forger = star.lab.start("hub", "forger", [
      process.execPath,
      compiled("test/support/abuse/forger.ts"),
      "300",
    ]);
    await forger.seen(/forging/);
  });
  after(() => star?.close());

  const environment = () => ({ SUBNETRA_SOCK: star.hub.socketPath });

  it("a client that has to wait for the daemon believes nobody else", async () => {
    const clients: LabProcess[] = [];
    for (let i = 0; i < ATTEMPTS; i += BATCH) {
      // A daemon that is busy for a moment is all the time a forger needs.
      star.hub.daemon?.signal("SIGSTOP");
      const batch = Array.from({ length: BATCH }, () => {
        return star.lab.start("hub", "client", [...star.hub.build.client, "status"], environment());
      });
      await sleep(SENT_WITHIN_MS);
      star.hub.daemon?.signal("SIGCONT");
      for (const client of batch) await client.exited();
      clients.push(...batch);
    }
    const forged = clients.filter((client) => client.output.includes("forged")).length;
    const genuine = clients.filter((client) => client.stdout.includes("tun=snr0")).length;
    figure(`A4 forged replies, of ${ATTEMPTS}`, forged, { atLeast: 0, atMost: 0 });
    figure(`A4 genuine replies while the daemon was busy, of ${ATTEMPTS}`, genuine, {
      atLeast: ATTEMPTS,
      atMost: ATTEMPTS,
    });
  });

  it("beside a forger every client gets its reply", async () => {
    const { build } = star.hub;
    let output = "";
    if (build.name === "nodejs") {
      const folder = dirname(dirname(build.client[1]!));
      const words = [compiled("test/support/abuse/many-clients.ts"), folder, String(GENUINE), "status"];
      const clients = star.lab.start("hub", "clients", [process.execPath, ...words], environment());
      await clients.exited(120000);
      output = clients.output;
    } else {
      const loop = `i=0; while [ $i -lt ${GENUINE / LOOPS} ]; do "$@" status; i=$((i+1)); done`;
      const command = ["sh", "-c", loop, "sh", ...build.client];
      const clients = Array.from({ length: LOOPS }, () =>
        star.lab.start("hub", "clients", command, environment()),
      );
      for (const client of clients) await client.exited(180000);
      output = clients.map((client) => client.output).join("");
    }
    const genuine = output.match(/tun=snr0/g)?.length ?? 0;
    figure(`A4 genuine replies, of ${GENUINE}`, genuine, { atLeast: GENUINE, atMost: GENUINE });
    await forger.stop("SIGINT");
    console.log(`  forger: ${forger.stdout.split("\n")[1]}`);
    assert.ok(!output.includes("forged"));
  });
});
