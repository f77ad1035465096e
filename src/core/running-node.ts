// A running node: opens devices and sockets, publishes the policy, gives up its privileges, and turns the loop.

import { REGION_CLOCK } from "../engine/abi.ts";
import { bringUp } from "./bring-up.ts";
import type { Config } from "./config/values.ts";
import { ControlServer } from "./control/server.ts";
import { bindControl, type ControlSocket, checkSocketPath, socketPath } from "./control/socket.ts";
import { errnoText } from "./errno-text.ts";
import { explain, type SubnetraError, subnetraError } from "./errors.ts";
import { fieldText } from "./escape.ts";
import type { Host } from "./host.ts";
import { formatU64 } from "./memory.ts";
import { Notifier } from "./notify.ts";
import { PeerEvents } from "./peer-events.ts";
import { loadSavedRules } from "./policy/saved-rules.ts";
import { snapshotPath } from "./policy/snapshot.ts";
import { oneLine } from "./printable.ts";
import { Reactor } from "./reactor.ts";
import { Schedule } from "./schedule.ts";
import { addPolicy, startKeepalive } from "./setup.ts";
import { startFailure, step } from "./start-failure.ts";
import { monotonicSeconds, peersOnline } from "./status/status.ts";
import {
  EADDRINUSE,
  errnoOf,
  READY_LOST,
  READY_STOP,
  STDERR,
  stageOf,
  UDP_BUFFER,
  UDP_SOCKET,
} from "./sys.ts";
import { tunFailure } from "./tun-failure.ts";
import { VERSION } from "./version.ts";

export interface NodeOptions {
  /** Interface name to ask for. */
  readonly device: string;
  /** Set the interface up, as the network plan says. */
  readonly up: boolean;
  /** File of saved rules, or null. */
  readonly savedRules: string | null;
  /** File that save writes, or null for the one beside the control socket. */
  readonly snapshot: string | null;
  /** Lines to print before the ready line. */
  readonly notices: string;
  /** The ready line up to the interface's name. */
  readonly banner: string;
}

export interface RunningNode {
  /** One turn of the loop. False when the node was asked to stop or cannot go on; it has then stopped. */
  turn(): boolean;
  /** Closes everything, removes the socket file and wipes all keys. May be called again. Returns the exit status. */
  stop(): number;
}

/** Steps 8 to 15 of daemon-cli.md §2. Everything opened is closed again when a later step fails. */
export function openNode(host: Host, config: Config, options: NodeOptions): RunningNode {
  const path = socketPath(host.sys);
  step(
    () => `control socket path too long: ${oneLine(path)}`,
    () => checkSocketPath(path),
  );
  const node = new Node(host, path);
  try {
    node.open(config, options);
  } catch (error) {
    node.stop();
    throw error;
  }
  return node;
}

class Node implements RunningNode {
  private readonly host: Host;
  private readonly path: string;
  private reactor: Reactor | null = null;
  private control: ControlSocket | null = null;
  private server: ControlServer | null = null;
  private notifier: Notifier | null = null;
  /** Shown at the end of the status. */
  private readonly warnings: string[] = [];
  private stopped = false;
  /** Exit status of the process. */
  private status = 0;

  constructor(host: Host, path: string) {
    this.host = host;
    this.path = path;
  }

  turn(): boolean {
    if (this.stopped || this.reactor === null) return false;
    const result = this.reactor.turn();
    if ((result & (READY_STOP | READY_LOST)) === 0) return true;
    if ((result & READY_STOP) === 0) {
      const error = subnetraError("TunLost", "", "the interface was removed while the node ran");
      this.host.sys.print(STDERR, `reactor exited: ${error.code}\n${explain(error)}`);
      this.status = 1;
    }
    this.stop();
    return false;
  }

  stop(): number {
    if (this.stopped) return this.status;
    this.stopped = true;
    if (this.notifier !== null) this.notifier.stopping();
    if (this.server !== null) this.server.finish();
    if (this.control !== null) this.control.close();
    this.host.sys.closeAll();
    this.host.engine.call.wipe();
    return this.status;
  }

  open(config: Config, options: NodeOptions): void {
    const { engine, sys } = this.host;
    const takenOver = this.openTun(options.device);
    for (let i = 0; i < config.listenPorts.length; i++) this.openUdp(config.listenPorts[i]!);
    this.checkBuffer();
    addPolicy(this.host, config);
    const savedRulesFound = options.savedRules === null || this.addSavedRules(options.savedRules);
    this.control = step(
      (code) => `control socket bind failed (${code}) at ${oneLine(this.path)}`,
      () => bindControl(this.host, this.path),
    );
    startKeepalive(this.host, config);
    // Last, so that a start that fails has changed nothing; once, by the image that has the privileges.
    if (options.up && !takenOver) bringUp(this.host, config, sys.tunName());
    this.dropPrivileges();
    // Without a socket this process has been restarted by now.
    const labels = names(config).map(fieldText);
    this.server = this.controlServer(this.control!, config, labels, options.snapshot);
    const schedule = new Schedule(engine.call);
    if (config.log !== "quiet") schedule.add(new PeerEvents(this.host, labels));
    this.reactor = new Reactor(engine, sys, this.server, config.listenPorts.length, schedule);
    sys.print(STDERR, options.notices);
    if (!savedRulesFound) sys.print(STDERR, `no saved rules at ${oneLine(options.savedRules!)}\n`);
    const tun = fieldText(sys.tunName());
    sys.print(STDERR, `${options.banner} tun=${tun} sock=${oneLine(this.path)} [ready]\n`);
    this.notify(config.peers.length, schedule);
  }

  /** Tells a service manager that listens that the node is ready, and from now on how many peers are online. */
  private notify(peers: number, schedule: Schedule): void {
    const { engine, sys } = this.host;
    this.notifier = Notifier.open(sys, peers, () => peersOnline(engine));
    if (this.notifier === null) return;
    sys.clock(engine.call.region(REGION_CLOCK));
    this.notifier.ready(monotonicSeconds(engine));
    schedule.add(this.notifier);
  }

  /** What many peers send at once is lost where the system grants less room than was asked for. */
  private checkBuffer(): void {
    const granted = this.host.sys.udpBuffer();
    if (granted >= 2 * UDP_BUFFER) return;
    this.warnings.push(
      `the UDP send buffer is small (${granted >> 1} of ${UDP_BUFFER} bytes): ` +
        `start with CAP_NET_ADMIN, or set net.core.wmem_max to ${UDP_BUFFER}`,
    );
  }

  /** True when the image before this one has opened it. */
  private openTun(device: string): boolean {
    const { sys } = this.host;
    const need = sys.os === "macos" ? "need root" : "need CAP_NET_ADMIN and /dev/net/tun";
    const result = sys.tunOpen(device);
    if (result >= 0) return result === 1;
    const error = tunFailure(this.host, result, device);
    throw startFailure(`tun open failed (${error.code}); ${need}`, error);
  }

  private openUdp(port: number): void {
    const result = this.host.sys.udpOpen(port);
    if (result >= 0) return;
    const error = udpError(result);
    throw startFailure(`udp bind failed (${error.code}) on port ${port}`, error);
  }

  private addSavedRules(path: string): boolean {
    return step(
      (code) => `policy load failed (${oneLine(path)}): ${code}`,
      () => loadSavedRules(this.host, path),
    );
  }

  private dropPrivileges(): void {
    const result = this.host.sys.dropPrivileges();
    if (result >= 0) return;
    const error = subnetraError("CapDropFailed", "", `the system refused (${errnoText(errnoOf(result))})`);
    throw startFailure(`capability drop failed: ${error.code}`, error);
  }

  private controlServer(
    socket: ControlSocket,
    config: Config,
    labels: string[],
    snapshot: string | null,
  ): ControlServer {
    const { engine, sys } = this.host;
    const identity = {
      version: VERSION,
      localId: config.localId,
      role: config.role,
      obfuscate: config.obfuscate,
      ports: config.listenPorts,
      tun: sys.tunName(),
      names: names(config),
      labels,
      run: this.startTime(),
      startedAt: monotonicSeconds(engine),
      socketDrops: () => sys.udpDrops(),
      warnings: () => this.warnings,
    };
    return new ControlServer(
      this.host,
      socket,
      identity,
      snapshot === null ? snapshotPath(this.path) : snapshot,
    );
  }

  /** Now, to the nanosecond: no two runs of a daemon have it in common. */
  private startTime(): string {
    const { engine, sys } = this.host;
    const clock = engine.call.region(REGION_CLOCK);
    sys.clock(clock);
    return `${formatU64(engine, clock)}.${formatU64(engine, clock + 8)}`;
  }
}

function names(config: Config): string[] {
  const all: string[] = [];
  for (let i = 0; i < config.peers.length; i++) all.push(config.peers[i]!.name);
  return all;
}

function udpError(result: number): SubnetraError {
  const why = errnoText(errnoOf(result));
  if (stageOf(result) === UDP_SOCKET)
    return subnetraError("UdpSocketFailed", "", `no socket could be made (${why})`);
  const held = errnoOf(result) === EADDRINUSE;
  return subnetraError(
    "UdpBindFailed",
    "",
    `the port could not be bound (${held ? "another program holds it" : why})`,
  );
}
