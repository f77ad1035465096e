// One Subnetra node of a lab: the real daemon in a namespace, and the real client beside it.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeConfig } from "./config.ts";
import type { Lab } from "./lab.ts";
import { cpuSecondsOf, residentKbOf } from "./proc.ts";
import type { LabProcess, Result } from "./process.ts";
import { until } from "./process.ts";
import type { Build } from "./project.ts";

export interface PeerStatus {
  id: number;
  name: string;
  endpoint: string;
  allowed_src: string;
  last_seen_wall_ns: number;
  last_seen_age_seconds: number | null;
  online: boolean;
  unclaimed: number;
  allowed_srcs: string[];
  rx_packets: number;
  rx_bytes: number;
  tx_packets: number;
  tx_bytes: number;
  lost_packets: number;
  drops: number;
  key: string;
}

export interface Status {
  schema_version: number;
  version: string;
  local_id: number;
  listen_port: number;
  tun: string;
  peers: PeerStatus[];
  counters: Record<string, number>;
  role: string;
  uptime_seconds: number;
  listen_ports: number[];
  socket_drops: number | null;
}

export interface StartOptions {
  /** More daemon arguments. */
  args?: readonly string[];
  /** More environment. */
  env?: NodeJS.ProcessEnv;
  /** A command in front of the daemon, such as taskset. */
  wrap?: readonly string[];
}

export class MeshNode {
  readonly configPath: string;
  readonly socketPath: string;
  readonly lab: Lab;
  /** Namespace and label of the node. */
  readonly name: string;
  readonly build: Build;
  /** Written to the configuration file at each start. */
  config: NodeConfig;
  daemon: LabProcess | undefined;

  constructor(lab: Lab, name: string, build: Build, config: NodeConfig) {
    this.lab = lab;
    this.name = name;
    this.build = build;
    this.config = config;
    this.configPath = lab.path(name, "config.json");
    this.socketPath = lab.path(name, "subnetra.sock");
    if (build.root !== undefined) lab.share(build.root);
  }

  get tun(): string {
    return "snr0";
  }

  private get env(): NodeJS.ProcessEnv {
    const { root } = this.build;
    return { SUBNETRA_SOCK: this.socketPath, ...(root !== undefined && { SUBNETRA_UP: "1" }) };
  }

  writeConfig(): void {
    writeFileSync(this.configPath, JSON.stringify(this.config), { mode: 0o600 });
  }

  /** Writes the configuration and starts the daemon without waiting for it. */
  spawn(options: StartOptions = {}): LabProcess {
    this.writeConfig();
    const command = [
      ...(options.wrap ?? []),
      ...this.build.daemon,
      "--config",
      this.configPath,
      ...(options.args ?? []),
    ];
    this.daemon = this.lab.start(this.name, `subnetrad ${this.name}`, command, {
      ...this.env,
      ...options.env,
    });
    return this.daemon;
  }

  /** Starts the daemon, waits for its ready line and applies the network plan. */
  async start(options: StartOptions = {}): Promise<void> {
    const daemon = this.spawn(options);
    await daemon.seen(/\[ready\]/);
    this.applyPlan();
  }

  /** Runs the link and address commands that the daemon prints as its network plan, unless it did that itself. */
  applyPlan(): void {
    if (this.build.root !== undefined) return;
    const plan = this.lab.exec(this.name, [
      ...this.build.daemon,
      "--config",
      this.configPath,
      "--print-network-plan",
    ]);
    if (plan.status !== 0) throw new Error(`network plan: ${plan.stderr}`);
    const text = plan.stdout || plan.stderr;
    for (const line of text.split("\n")) {
      if (line.startsWith("ip link ") || line.startsWith("ip addr ")) this.lab.ip(this.name, line.slice(3));
      // The address brings its connected route along, so the same route may exist already.
      if (line.startsWith("ip route "))
        this.lab.ip(this.name, line.slice(3).replace(/^route add/, "route replace"));
    }
  }

  /** Stops the daemon by SIGTERM; returns its exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    const status = (await this.daemon?.stop(signal)) ?? 0;
    this.daemon = undefined;
    return status;
  }

  async restart(options: StartOptions = {}): Promise<void> {
    await this.stop();
    await this.start(options);
  }

  get pid(): number {
    if (!this.daemon) throw new Error(`${this.name} does not run`);
    return this.daemon.pid;
  }

  get running(): boolean {
    return this.daemon !== undefined && this.daemon.exitCode === undefined;
  }

  /** Runs the client in the node's namespace. */
  client(...words: string[]): Result {
    return this.lab.exec(this.name, [
      "env",
      `SUBNETRA_SOCK=${this.socketPath}`,
      ...this.build.client,
      ...words,
    ]);
  }

  /** Runs the client; it must succeed. Returns its standard output. */
  ask(...words: string[]): string {
    const result = this.client(...words);
    if (result.status !== 0) throw new Error(`${this.name}: subnetra ${words.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  status(): Status {
    return JSON.parse(this.ask("status", "--json")) as Status;
  }

  counter(name: string): number {
    const value = this.status().counters[name];
    if (value === undefined) throw new Error(`no counter ${name}`);
    return value;
  }

  /** Waits until the status satisfies a condition and returns it. */
  statusWhere(what: string, timeoutMs: number, holds: (status: Status) => boolean): Promise<Status> {
    return until(`${this.name}: ${what}`, timeoutMs, () => {
      const status = this.status();
      return holds(status) && status;
    });
  }

  peer(id: number): PeerStatus {
    const peer = this.status().peers.find((candidate) => candidate.id === id);
    if (!peer) throw new Error(`${this.name} has no peer ${id}`);
    return peer;
  }

  residentKb(): number {
    return residentKbOf(this.pid);
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  /** The status file of each of the daemon's threads. */
  threadStatus(): string[] {
    const folder = `/proc/${this.pid}/task`;
    return readdirSync(folder).map((thread) => readFileSync(join(folder, thread, "status"), "utf8"));
  }
}
