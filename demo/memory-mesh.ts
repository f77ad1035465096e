// The demo's mesh without root: the same three nodes with TUN devices in memory, over real UDP sockets on loopback.
//
//     A 10.77.0.2 ── UDP ── NAT process 127.0.0.2 (127.0.0.4 after roaming) ── UDP ── hub 127.0.0.1
//     B 10.77.0.3 ── UDP ── NAT process 127.0.0.3 ─────────────────────────── UDP ──┘

import { type ChildProcess, fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { type NodeConfig, newKey } from "../lab/config.ts";
import { Lab } from "../lab/lab.ts";
import type { Status } from "../lab/mesh-node.ts";
import { findCommand } from "../lab/prerequisites.ts";
import { run, until } from "../lab/process.ts";
import { builds, compiled } from "../lab/project.ts";
import type { Report, Request } from "./memory-node.ts";
import type { DemoMesh, Endpoints, Transfer } from "./mesh.ts";

const OVERLAY = "10.77.0.0/24";
const A_OVERLAY = "10.77.0.2";
const B_OVERLAY = "10.77.0.3";
const START_MS = 15000;
const HEARD_WITHIN_MS = 10000;
const OFFER_MS = 30000;
const NAMES = ["hub", "a", "b"] as const;
type Name = (typeof NAMES)[number];

const drawing = [
  "  A 10.77.0.2 ─── NAT 127.0.0.2 ───┐   (127.0.0.4 after roaming)",
  "                                   ├── hub 127.0.0.1",
  "  B 10.77.0.3 ─── NAT 127.0.0.3 ───┘",
];

/** UDP ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket("udp4"));
  for (const socket of sockets) await new Promise<void>((resolve) => socket.bind(0, resolve));
  const ports = sockets.map((socket) => socket.address().port);
  for (const socket of sockets) socket.close();
  return ports;
}

/** How to start Node without capabilities: a memory node cannot execute itself again to be rid of them. */
function unprivileged(): { execPath?: string; execArgv?: string[] } {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return {};
  const words = ["--bounding-set=-all", "--inh-caps=-all", "--", process.execPath];
  return { execPath: findCommand("setpriv") ?? "setpriv", execArgv: words };
}

export class MemoryMesh implements DemoMesh {
  readonly drawing = drawing;
  readonly nature: string;
  readonly carrier = "as a stream";
  private readonly lab = new Lab("demo");
  private readonly children = new Map<Name | "nat", ChildProcess>();
  private readonly reports = new Map<ChildProcess, Report[]>();
  private readonly errors = new Map<ChildProcess, string>();
  private bytes = 0;

  constructor(reason: string) {
    this.nature =
      `Without network namespaces (${reason}): the same nodes with in-memory TUN devices,\n` +
      "  real UDP sockets on loopback, a NAT process between, and a small host stack behind each spoke.";
  }

  private fork(
    name: Name | "nat",
    script: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
  ): ChildProcess {
    const child = fork(compiled(script), args, {
      ...unprivileged(),
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors.set(child, (this.errors.get(child) ?? "") + text);
    });
    this.children.set(name, child);
    this.lab.atClose(() => child.kill("SIGTERM"));
    const reports: Report[] = [];
    child.on("message", (report: Report) => reports.push(report));
    this.reports.set(child, reports);
    return child;
  }

  private socketPath(name: Name): string {
    return this.lab.path(name, "subnetra.sock");
  }

  private startNode(name: Name, config: NodeConfig, overlay: string): void {
    const path = this.lab.path(name, "config.json");
    writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
    const env = { SUBNETRA_SOCK: this.socketPath(name), SUBNETRA_TUN: "memory0" };
    this.fork(name, "demo/memory-node.ts", [path, overlay], env);
  }

  async start(): Promise<void> {
    const [hubPortA, hubPortB, portA, portB] = (await freePorts(4)) as [number, number, number, number];
    const nat = this.fork("nat", "demo/loopback-nat.ts", [String(hubPortA), String(hubPortB)]);
    const inside = await new Promise<number[]>((resolve) => {
      nat.once("message", (message: { ports: number[] }) => resolve(message.ports));
    });
    const [keyA, keyB] = [newKey(), newKey()];
    const common = { local_tun_mtu: 1400, virtual_subnet: OVERLAY };
    // The spokes' endpoints are placeholders: the hub learns the real ones when they call.
    const peerA = { id: 2, name: "A", endpoint: "127.0.0.1:1", allowed_src: `${A_OVERLAY}/32`, psk: keyA };
    const peerB = { id: 3, name: "B", endpoint: "127.0.0.1:2", allowed_src: `${B_OVERLAY}/32`, psk: keyB };
    this.startNode(
      "hub",
      { ...common, role: "hub", local_id: 1, listen_ports: [hubPortA, hubPortB], peers: [peerA, peerB] },
      "10.77.0.1",
    );
    const spoke = (id: number, overlay: string, port: number, via: number, psk: string): NodeConfig => ({
      ...common,
      role: "spoke",
      local_id: id,
      local_tun_ip: `${overlay}/24`,
      listen_ports: [port],
      keepalive_secs: 1,
      peers: [{ id: 1, name: "hub", endpoint: `127.0.0.1:${via}`, allowed_src: OVERLAY, psk }],
    });
    this.startNode("a", spoke(2, A_OVERLAY, portA, inside[0]!, keyA), A_OVERLAY);
    this.startNode("b", spoke(3, B_OVERLAY, portB, inside[1]!, keyB), B_OVERLAY);
    for (const name of NAMES) await this.told(name, "ready", START_MS);
  }

  private ask(name: Name, request: Request): void {
    this.children.get(name)!.send(request);
  }

  /** Waits for the next report of a kind from a node and takes it. */
  private told<T extends Report["tell"]>(
    name: Name,
    kind: T,
    timeoutMs: number,
  ): Promise<Extract<Report, { tell: T }>> {
    const child = this.children.get(name)!;
    const reports = this.reports.get(child)!;
    return until(
      `${name} to say "${kind}"`,
      timeoutMs,
      () => {
        if (child.exitCode !== null) throw new Error(`${name} ended:\n${this.errors.get(child)}`);
        const at = reports.findIndex((report) => report.tell === kind);
        return at >= 0 && (reports.splice(at, 1)[0] as Extract<Report, { tell: T }>);
      },
      5,
    );
  }

  private client(name: Name, ...words: string[]): string {
    const command = ["env", `SUBNETRA_SOCK=${this.socketPath(name)}`, ...builds.hub.client, ...words];
    const result = run(command);
    if (result.status !== 0) throw new Error(`${name}: subnetra ${words.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  private hubStatus(): Status {
    return JSON.parse(this.client("hub", "status", "--json")) as Status;
  }

  heard(): Promise<Endpoints> {
    return until("the hub to hear both spokes", HEARD_WITHIN_MS, () => {
      const { peers } = this.hubStatus();
      return peers.every((peer) => peer.online) && { a: peers[0]!.endpoint, b: peers[1]!.endpoint };
    });
  }

  endpointOfA(): string {
    return this.hubStatus().peers[0]!.endpoint;
  }

  async ping(count: number): Promise<{ received: number; averageMs: number }> {
    this.ask("a", { ask: "ping", target: B_OVERLAY, count });
    return this.told("a", "pinged", count * 3000);
  }

  async offerFile(bytes: number): Promise<string> {
    this.bytes = bytes;
    this.ask("b", { ask: "offer", bytes, client: A_OVERLAY });
    return (await this.told("b", "offered", OFFER_MS)).sha256;
  }

  async fetch(progress: (transfer: Transfer) => void): Promise<Transfer> {
    this.ask("a", { ask: "fetch", server: B_OVERLAY, total: this.bytes });
    for (;;) {
      const { transfer } = await this.told("a", "transfer", HEARD_WITHIN_MS);
      progress(transfer);
      if (transfer.sha256 !== undefined) return transfer;
    }
  }

  roam(): void {
    this.children.get("nat")!.send({ roam: true });
  }

  status(): { name: string; text: string }[] {
    return NAMES.map((name) => ({
      name: name === "hub" ? name : name.toUpperCase(),
      text: this.client(name, "status"),
    }));
  }

  hubFigures(): { relayed: number; dropped: number } {
    const { counters } = this.hubStatus();
    let dropped = 0;
    for (const [name, value] of Object.entries(counters)) if (name.startsWith("drop_")) dropped += value;
    return { relayed: counters.relay_packets!, dropped };
  }

  hints(): string[] {
    const client = builds.hub.client.join(" ");
    return NAMES.map((name) => `SUBNETRA_SOCK=${this.socketPath(name)} ${client} status`);
  }

  close(): void {
    this.lab.close();
  }
}
