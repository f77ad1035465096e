// A star whose hub knows many peers and listens on three ports, and an attacker beside it:
//
//   A ─── hub ─── B          the hub's other peers are configured and silent
//          │
//       attacker 10.100.9.2

import { newKey } from "../../../lab/config.ts";
import type { LabProcess } from "../../../lab/process.ts";
import { builds, compiled } from "../../../lab/project.ts";
import { HUB_OVERLAY, LOCAL, MTU, PORT, Star } from "../../../lab/star.ts";

const ATTACKER = "attacker";
const ATTACKER_UNDERLAY = "10.100.9.2";
const HUB_UNDERLAY = "10.100.9.1";
/** Ids of the crowd start here. */
const FIRST_ID = 10;
const START_MS = 30000;
/** Share of its rate that a flood must reach to count. */
const PACE = 0.95;

export const HUB_PORTS: readonly number[] = [PORT, PORT + 1, PORT + 2];
/** Where the hub's namespace has sockets that nobody reads. */
export const DRAIN_PORTS: readonly number[] = [40001, 40002, 40003];

/** An address of the crowd: its own network for each kind, so that nothing overlaps. */
function nth(network: number, i: number): string {
  return `${network}.64.${i >> 8}.${i & 255}`;
}

/** A star whose hub is configured for `peers` peers, A and B included. */
export function crowdedStar(label: string, peers: number): Star {
  const star = new Star(label, {
    builds,
    kind: "roles",
    hubAddress: true,
    adjust: (name, config) => {
      if (name !== "hub") return;
      config.listen_ports = [...HUB_PORTS];
      config.max_peers = peers;
      config.max_rules = peers + 100;
      for (let i = 0; i < peers - 2; i++) {
        config.peers.push({
          id: FIRST_ID + i,
          endpoint: `${nth(172, i).replace(".64.", ".31.")}:${PORT}`,
          allowed_src: `${nth(10, i)}/32`,
          psk: newKey(),
        });
      }
    },
  });
  star.lab.addNamespace(ATTACKER);
  star.lab.connect(
    { ns: ATTACKER, dev: "u0", ip: `${ATTACKER_UNDERLAY}/24` },
    { ns: "hub", dev: "ux", ip: `${HUB_UNDERLAY}/24` },
  );
  return star;
}

/** Starts the daemons. The hub's plan would be a command for each peer; only its own address is needed. */
export async function startCrowded(star: Star): Promise<void> {
  const { hub, lab } = star;
  await Promise.all([hub.spawn().seen(/\[ready\]/, START_MS), star.a.start(), star.b.start()]);
  lab.ip("hub", `addr add ${HUB_OVERLAY}/24 dev ${hub.tun}`);
  lab.ip("hub", `link set ${hub.tun} mtu ${MTU} up`);
  star.addRule(hub, `${HUB_OVERLAY}/32`, LOCAL);
}

/** Opens the sockets for floods that no daemon sees. */
export async function openDrain(star: Star): Promise<void> {
  const command = [process.execPath, compiled("test/support/abuse/udp-drain.ts"), ...DRAIN_PORTS.map(String)];
  await star.lab.start("hub", "udp drain", command).seen(/open/);
}

/** A flood of junk from the attacker's namespace. */
export class Flood {
  private readonly process: LabProcess;
  private readonly rate: number;

  private constructor(process: LabProcess, rate: number) {
    this.process = process;
    this.rate = rate;
  }

  /** `rate` datagrams of 64 bytes a second, spread over the ports, for at most two minutes. The others: see turn(). */
  static async start(star: Star, ports: readonly number[], rate: number, others = ports): Promise<Flood> {
    const words = [HUB_UNDERLAY, ports.join(","), rate, 64, 120, others.join(",")].map(String);
    const command = [process.execPath, compiled("test/support/abuse/junk.ts"), ...words];
    const flood = new Flood(star.lab.start(ATTACKER, "junk", command), rate);
    await flood.process.seen(/flooding/);
    return flood;
  }

  /** Turns the flood to its other ports, and back. */
  turn(): void {
    this.process.signal("SIGUSR2");
  }

  /** Ends the flood. One that was slower than it should have been has shown nothing: that throws. */
  async stop(): Promise<void> {
    await this.process.stop("SIGINT");
    const end = /sent=(\d+) ms=(\d+)/.exec(this.process.stdout);
    const reached = Number(end?.[1]) / (Number(end?.[2]) / 1000);
    if (!(reached >= this.rate * PACE)) throw new Error(`the flood reached ${reached}/s of ${this.rate}/s`);
  }
}
