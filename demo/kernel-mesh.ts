// The demo's mesh with everything real: network namespaces, kernel TUN devices, a NAT router, HTTP over TCP.
//
//     A  10.77.0.2                      NAT router                       hub  (no overlay address)
//        192.168.1.10 ───────────────── 192.168.1.1 ┐
//        192.168.2.10 (after roaming) ─ 192.168.2.1 ├ 203.0.113.2–4 ──── 203.0.113.1 :18020 :18023 :18026
//     B  192.168.3.10 ───────────────── 192.168.3.1 ┘
//        10.77.0.3

import { type NodeConfig, newKey } from "../lab/config.ts";
import { Lab } from "../lab/lab.ts";
import { MeshNode } from "../lab/mesh-node.ts";
import { parsePing, pingCommand } from "../lab/ping.ts";
import { sleep } from "../lab/process.ts";
import { builds, compiled } from "../lab/project.ts";
import type { DemoMesh, Endpoints, Transfer } from "./mesh.ts";

const HUB_ADDRESS = "203.0.113.1";
const OVERLAY = "10.77.0.0/24";
const A_OVERLAY = "10.77.0.2";
const B_OVERLAY = "10.77.0.3";
const HTTP_PORT = 8080;
const HEARD_WITHIN_MS = 10000;
const FETCH_POLL_MS = 40;

/** Address of a spoke's LAN and its public face. */
const LANS = [
  { ns: "a", dev: "u0", router: "lan1", net: "192.168.1", face: "203.0.113.2" },
  { ns: "a", dev: "u1", router: "lan2", net: "192.168.2", face: "203.0.113.3" },
  { ns: "b", dev: "u0", router: "lan3", net: "192.168.3", face: "203.0.113.4" },
] as const;

const drawing = [
  "  A 10.77.0.2                  NAT router                    hub",
  "  192.168.1.10 ──────────────┐",
  "  192.168.2.10 (roams here) ─┼─ 203.0.113.2 … .4 ─────────── 203.0.113.1",
  "  192.168.3.10 ──────────────┘",
  "  B 10.77.0.3",
];

function spoke(id: number, overlay: string, port: number, psk: string): NodeConfig {
  return {
    role: "spoke",
    local_id: id,
    local_tun_mtu: 1400,
    virtual_subnet: OVERLAY,
    local_tun_ip: `${overlay}/24`,
    keepalive_secs: 1,
    peers: [{ id: 1, name: "hub", endpoint: `${HUB_ADDRESS}:${port}`, allowed_src: OVERLAY, psk }],
  };
}

/** The spokes' endpoints are placeholders: the hub learns the real ones when they call. */
function hubConfig(keyA: string, keyB: string): NodeConfig {
  return {
    role: "hub",
    local_id: 1,
    local_tun_mtu: 1400,
    virtual_subnet: OVERLAY,
    peers: [
      { id: 2, name: "A", endpoint: "192.0.2.2:18020", allowed_src: `${A_OVERLAY}/32`, psk: keyA },
      { id: 3, name: "B", endpoint: "192.0.2.3:18020", allowed_src: `${B_OVERLAY}/32`, psk: keyB },
    ],
  };
}

export class KernelMesh implements DemoMesh {
  readonly drawing = drawing;
  readonly nature =
    "Network namespaces, kernel TUN devices and a real NAT: a machine's worth of network per node.";
  readonly carrier = "over HTTP";
  private readonly lab = new Lab("demo");
  private readonly hub: MeshNode;
  private readonly a: MeshNode;
  private readonly b: MeshNode;

  constructor() {
    const [keyA, keyB] = [newKey(), newKey()];
    for (const ns of ["hub", "nat", "a", "b"]) this.lab.addNamespace(ns);
    this.buildUnderlay();
    this.hub = new MeshNode(this.lab, "hub", builds.hub, hubConfig(keyA, keyB));
    this.a = new MeshNode(this.lab, "a", builds.spokes, spoke(2, A_OVERLAY, 18020, keyA));
    this.b = new MeshNode(this.lab, "b", builds.spokes, spoke(3, B_OVERLAY, 18023, keyB));
  }

  private buildUnderlay(): void {
    this.lab.connect({ ns: "hub", dev: "wan", ip: `${HUB_ADDRESS}/24` }, { ns: "nat", dev: "wan" });
    const rules: string[] = [];
    for (const lan of LANS) {
      this.lab.connect({ ns: lan.ns, dev: lan.dev }, { ns: "nat", dev: lan.router, ip: `${lan.net}.1/24` });
      this.lab.ip("nat", `addr add ${lan.face}/24 dev wan`);
      rules.push(`ip saddr ${lan.net}.0/24 oifname "wan" snat to ${lan.face} random`);
    }
    this.lab.sysctl("nat", "net.ipv4.ip_forward=1");
    this.lab.nft(
      "nat",
      `table ip nat {
        chain postrouting {
          type nat hook postrouting priority srcnat;
          ${rules.join("\n")}
        }
        chain forward {
          type filter hook forward priority filter; policy drop;
          ct state established,related accept
          iifname != "wan" accept
        }
      }\n`,
    );
    this.join(LANS[0]);
    this.join(LANS[2]);
  }

  /** Gives a spoke its address in a LAN and its default route there. */
  private join(lan: (typeof LANS)[number]): void {
    this.lab.ip(lan.ns, `link set ${lan.dev} up`);
    this.lab.ip(lan.ns, `addr add ${lan.net}.10/24 dev ${lan.dev}`);
    this.lab.ip(lan.ns, `route replace default via ${lan.net}.1`);
  }

  private get nodes(): [string, MeshNode][] {
    return [
      ["hub", this.hub],
      ["A", this.a],
      ["B", this.b],
    ];
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map(([, node]) => node.start()));
  }

  async heard(): Promise<Endpoints> {
    const status = await this.hub.statusWhere("both spokes heard", HEARD_WITHIN_MS, ({ peers }) =>
      peers.every((peer) => peer.online),
    );
    return { a: status.peers[0]!.endpoint, b: status.peers[1]!.endpoint };
  }

  endpointOfA(): string {
    return this.hub.peer(2).endpoint;
  }

  async ping(count: number): Promise<{ received: number; averageMs: number }> {
    const process = this.lab.start("a", "ping", pingCommand(B_OVERLAY, { count, intervalSeconds: 0.2 }));
    await process.exited();
    return parsePing(process.output);
  }

  async offerFile(bytes: number): Promise<string> {
    const server = this.lab.start("b", "file server", [
      process.execPath,
      compiled("demo/file-server.ts"),
      B_OVERLAY,
      String(HTTP_PORT),
      String(bytes),
    ]);
    return (await server.seen(/sha256=(\w+)\n/))[1]!;
  }

  async fetch(progress: (transfer: Transfer) => void): Promise<Transfer> {
    const client = this.lab.start("a", "file client", [
      process.execPath,
      compiled("demo/file-client.ts"),
      `http://${B_OVERLAY}:${HTTP_PORT}/`,
    ]);
    let handled = 0;
    for (;;) {
      const end = client.stdout.lastIndexOf("\n");
      if (end >= handled) {
        const latest = JSON.parse(client.stdout.slice(handled, end).split("\n").at(-1)!) as Transfer;
        handled = end + 1;
        progress(latest);
        if (latest.sha256 !== undefined) return latest;
      } else if (client.exitCode !== undefined) {
        throw new Error(`the download ended early: ${client.stderr}`);
      }
      await sleep(FETCH_POLL_MS);
    }
  }

  roam(): void {
    const [home, away] = [LANS[0], LANS[1]];
    this.lab.ip("a", `addr flush dev ${home.dev}`);
    this.lab.ip("a", `link set ${home.dev} down`);
    this.join(away);
  }

  status(): { name: string; text: string }[] {
    return this.nodes.map(([name, node]) => ({ name, text: node.ask("status") }));
  }

  hubFigures(): { relayed: number; dropped: number } {
    const { counters } = this.hub.status();
    let dropped = 0;
    for (const [name, value] of Object.entries(counters)) if (name.startsWith("drop_")) dropped += value;
    return { relayed: counters.relay_packets!, dropped };
  }

  hints(): string[] {
    const inA = `ip netns exec ${this.lab.fullName("a")}`;
    const client = this.hub.build.client.join(" ");
    return [
      `${inA} ping ${B_OVERLAY}`,
      `${inA} curl -o /dev/null http://${B_OVERLAY}:${HTTP_PORT}/`,
      `SUBNETRA_SOCK=${this.hub.socketPath} ip netns exec ${this.lab.fullName("hub")} ${client} status`,
      `SUBNETRA_SOCK=${this.hub.socketPath} ip netns exec ${this.lab.fullName("hub")} ${client} policy show`,
      `ip netns exec ${this.lab.fullName("hub")} tcpdump -n -X -i wan udp`,
    ];
  }

  close(): void {
    this.lab.close();
  }
}
