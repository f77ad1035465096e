// A deterministic world: machines with daemons on a virtual network, everything drawn from one seed.

import { createHash } from "node:crypto";
import { runClient } from "../../core/control/client.ts";
import { type EngineVariant, loadEngine } from "../../engine/load.ts";
import { EventQueue } from "./event-queue.ts";
import { LocalClient } from "./local-client.ts";
import { Machine, type Offloads } from "./machine.ts";
import { Nat } from "./nat.ts";
import { Network } from "./network.ts";
import { Prng } from "./prng.ts";
import { SimNode } from "./sim-node.ts";
import type { Surroundings } from "./sim-sys.ts";

const NS_PER_MS = 1_000_000;
/** 2025-01-01T00:00:00Z in ns. */
const DEFAULT_WALL_START = 1735689600000000000n;
const CONFIG_PATH = "/etc/subnetra.json";
const NO_OFFLOADS: Offloads = { udpSegments: false, tunVnet: false };

export interface MachineOptions {
  /** IPv4 addresses as numbers; the first is the source of what the machine sends. */
  readonly addresses: readonly number[];
  readonly nat?: Nat;
  readonly offloads?: Offloads;
}

export interface NodeOptions {
  readonly variant?: EngineVariant;
  /** Pages of 64 KiB for the engine's memory. */
  readonly pages?: number;
  /** Arguments after `--config PATH`. */
  readonly args?: readonly string[];
}

export class World implements Surroundings {
  readonly seed: number;
  readonly random: Prng;
  readonly events = new EventQueue();
  readonly network: Network;
  readonly wallStart: bigint;
  private readonly trace = createHash("sha256");

  constructor(seed: number, wallStart = DEFAULT_WALL_START) {
    this.seed = seed;
    this.random = new Prng(seed);
    this.wallStart = wallStart;
    this.network = new Network(this.events, this.random.fork());
    this.network.wiretaps.push((bytes, from, destination) =>
      this.note(`${from.name} ${destination.address}:${destination.port}`, bytes),
    );
  }

  /** @param timeout ns without outbound traffic after which a mapping is forgotten */
  addNat(address: number, timeout?: number): Nat {
    return new Nat(address, this.random.fork(), timeout);
  }

  addMachine(name: string, options: MachineOptions): Machine {
    const host = this.network.addHost(name, options.addresses, options.nat ?? null);
    const machine = new Machine(name, host, this.network, options.offloads ?? NO_OFFLOADS);
    machine.onDelivery = (packet) => this.note(`${name} tun`, packet);
    return machine;
  }

  /**
   * Writes the configuration and starts a daemon with an engine of its own.
   *
   * @throws Error with what the daemon printed, when it did not start
   */
  startNode(machine: Machine, config: object, options: NodeOptions = {}): SimNode {
    machine.files.writeFile(CONFIG_PATH, new TextEncoder().encode(JSON.stringify(config)));
    const node = new SimNode(machine, loadEngine(options.variant, options.pages), this);
    node.start(["--config", CONFIG_PATH, ...(options.args ?? [])]);
    return node;
  }

  /** Runs the `subnetra` client on a machine. @returns its exit status; its output is in machine.printed. */
  runClient(machine: Machine, args: string[]): number {
    return runClient(new LocalClient(machine, this), args);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: number): void {
    this.runUntil(() => false, ms);
  }

  milliseconds(): number {
    return this.events.now / NS_PER_MS;
  }

  /** Lets time pass until `done`, at most `timeoutMs`. @returns whether it was done. */
  runUntil(done: () => boolean, timeoutMs: number): boolean {
    const deadline = this.events.now + timeoutMs * NS_PER_MS;
    while (!done()) {
      if (this.events.next() > deadline) {
        this.events.now = deadline;
        return done();
      }
      this.events.step();
    }
    return true;
  }

  /** Adds to the trace: same seed, same trace. */
  note(what: string, bytes: Uint8Array): void {
    this.trace.update(`${this.events.now} ${what} ${bytes.length}\n`).update(bytes);
  }

  /** Hash of everything sent and delivered so far. */
  traceHash(): string {
    return this.trace.copy().digest("hex");
  }
}
