// One slow link costs nobody but the peer behind it.
//
//   A ═══ slow ═══ hub ─── B        B sends A far more than its link takes, and pings
//                     └─── C        C: both have links without a limit
//
// Every datagram for A waits in the hub's queue for the slow link, which holds more than any send buffer.

import { after, before, describe, it } from "node:test";
import { type NodeConfig, newKey } from "../../lab/config.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import { sleep } from "../../lab/process.ts";
import { builds, compiled } from "../../lab/project.ts";
import { A_OVERLAY, HUB_ID, MTU, OVERLAY, PORT, Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { PingStream, type PingTimes } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

/** A shorter run is for development; the figure is that of a minute. */
const SECONDS = Number(process.env.SUBNETRA_ABUSE_LOAD_SECS ?? 60);
const RATE = 4000;
const LENGTH = 1300;
const PING_MS = 50;
const LAST_SECONDS = 10;
const MAX_LOSS = 0.02;
const C_ID = 4;
const C_OVERLAY = "10.0.0.4";
const C_UNDERLAY = "10.100.3.2";
const HUB_UNDERLAY_C = "10.100.3.1";

const LINKS = [
  { name: "tbf 1mbit limit 100m", commands: ["qdisc add dev ua root tbf rate 1mbit burst 10k limit 100m"] },
  {
    name: "htb 5mbit, pfifo 10240",
    commands: [
      "qdisc add dev ua root handle 1: htb default 1",
      "class add dev ua parent 1: classid 1:1 htb rate 5mbit",
      "qdisc add dev ua parent 1:1 pfifo limit 10240",
    ],
  },
];

/** The star with a third spoke. */
class Mesh extends Star {
  readonly c: MeshNode;

  constructor(label: string) {
    super(label, { builds, kind: "roles" });
    const psk = newKey();
    this.hub.config.peers.push({
      id: C_ID,
      endpoint: `${C_UNDERLAY}:${PORT}`,
      allowed_src: `${C_OVERLAY}/32`,
      psk,
    });
    this.lab.addNamespace("c");
    this.lab.connect(
      { ns: "c", dev: "u0", ip: `${C_UNDERLAY}/24` },
      { ns: "hub", dev: "uc", ip: `${HUB_UNDERLAY_C}/24` },
    );
    const config: NodeConfig = {
      role: "spoke",
      local_id: C_ID,
      local_tun_mtu: MTU,
      listen_ports: [PORT],
      virtual_subnet: OVERLAY,
      local_tun_ip: `${C_OVERLAY}/24`,
      peers: [{ id: HUB_ID, endpoint: `${HUB_UNDERLAY_C}:${PORT}`, allowed_src: OVERLAY, psk }],
    };
    this.c = new MeshNode(this.lab, "c", builds.spokes, config);
  }
}

function lossOfLast(pings: PingTimes, count: number): number {
  const last = pings.times.slice(-count);
  return last.filter((time) => time === Number.POSITIVE_INFINITY).length / last.length;
}

abuse("Slow egress", () => {
  for (const [index, link] of LINKS.entries()) {
    describe(link.name, () => {
      let mesh: Mesh;

      before(async () => {
        mesh = new Mesh(`abuseslow${index}`);
        await mesh.start();
        await mesh.c.start();
        for (const words of link.commands) {
          const result = mesh.lab.exec("hub", ["tc", ...words.split(" ")]);
          if (result.status !== 0) throw new Error(`tc ${words}: ${result.stderr}`);
        }
      });
      after(() => mesh?.close());

      it(`leaves the pings of the others alone for ${SECONDS} s`, async () => {
        const load = [compiled("test/support/abuse/udp-load.ts"), A_OVERLAY, RATE, LENGTH, SECONDS + 2];
        const process_ = mesh.lab.start("b", "load", [process.execPath, ...load.map(String)]);
        const pings = PingStream.start(mesh.lab, "b", C_OVERLAY, PING_MS);
        await sleep(SECONDS * 1000);
        const times = await pings.stop();
        const dropped = mesh.hub.counter("drop_udp_send_err");
        await process_.stop();
        const last = lossOfLast(times, Math.floor((LAST_SECONDS * 1000) / PING_MS));
        figure(`A1 ${link.name}: pings lost`, times.loss * 100, { atMost: MAX_LOSS * 100 }, " %");
        figure(`A1 ${link.name}: pings lost in the last 10 s`, last * 100, { atMost: MAX_LOSS * 100 }, " %");
        // The load was more than the link takes, or the figures above say nothing.
        figure(`A1 ${link.name}: the slow peer's packets dropped per second`, dropped / SECONDS, {
          atLeast: 1000,
        });
      });
    });
  }
});
