// Nobody who knows two addresses makes a link slow by claiming that its path is narrow.
//
//   A ─── hub ─── B      "fragmentation needed, MTU 552", to A about the hub and to the hub about A
//
// The claim comes from the other end's address, as good as any router's. The kernel forgets it after ten minutes, or
// when its routing cache is flushed: so the same mesh is measured before and after, three times over.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Capture, frames } from "../../lab/capture.ts";
import { builds, compiled } from "../../lab/project.ts";
import { A_UNDERLAY, B_OVERLAY, HUB_UNDERLAY_A, PORT, Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { quantile } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

const MTU = 552;
const ROUNDS = 3;
const SECONDS = 3;
const FRAGMENTS = "ip[6:2] & 0x3fff != 0";

abuse("Forged ICMP", () => {
  let star: Star;

  before(async () => {
    star = new Star("abuseicmp", { builds, kind: "roles" });
    await star.start();
    const server = star.lab.start("b", "iperf3 server", ["iperf3", "-s", "--forceflush"]);
    await server.seen(/listening/);
  });
  after(() => star?.close());

  /** TCP from A to B through the hub, Mbit/s. */
  function throughput(): number {
    const words = ["iperf3", "-J", "-c", B_OVERLAY, "-t", String(SECONDS)];
    const result = star.lab.exec("a", words);
    assert.equal(result.status, 0, result.stdout + result.stderr);
    return JSON.parse(result.stdout).end.sum_received.bits_per_second / 1e6;
  }

  function forge(from: string, victim: string, peer: string): void {
    const words = [compiled("test/support/abuse/forge-icmp.ts"), victim, peer, PORT, MTU].map(String);
    const result = star.lab.exec(from, [process.execPath, ...words]);
    assert.equal(result.status, 0, result.stderr);
  }

  it("costs neither speed nor a fragment", async () => {
    throughput();
    const ratios: number[] = [];
    const captures = [await Capture.start(star.lab, "hub", "ua", FRAGMENTS)];
    for (let round = 0; round < ROUNDS; round++) {
      const clean = throughput();
      forge("hub", A_UNDERLAY, HUB_UNDERLAY_A);
      forge("a", HUB_UNDERLAY_A, A_UNDERLAY);
      ratios.push(throughput() / clean);
      for (const name of ["a", "hub"]) {
        // The kernel did believe it, for whoever asks: the daemon is who does not.
        const other = name === "a" ? HUB_UNDERLAY_A : A_UNDERLAY;
        assert.match(star.lab.ip(name, `route get ${other}`), /mtu 552/);
        star.lab.ip(name, "route flush cache");
      }
    }
    const fragments = (await Promise.all(captures.map((capture) => capture.stop()))).flatMap(frames).length;
    figure("A3 throughput after a forged ICMP", quantile(ratios, 0.5) * 100, { atLeast: 90 }, " %");
    figure("A3 outer fragments after a forged ICMP", fragments, { atMost: 0 });
  });
});
