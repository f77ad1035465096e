// A star of simulated machines for the tests.
//
//     spoke 2 ─┐               10.77.x.y behind each spoke, mesh id n has inner address 10.77.0.0 + n
//     spoke 3 ─┼─ hub (id 1)   192.0.2.1, each spoke uses one of the hub's three default ports
//     spoke 4 ─┘               every spoke with a public address of its own, or behind its own NAT

import type { EngineVariant } from "../../../src/engine/load.ts";
import type { Machine, Offloads } from "../../../src/platform/sim/machine.ts";
import type { Nat } from "../../../src/platform/sim/nat.ts";
import type { SimNode } from "../../../src/platform/sim/sim-node.ts";
import type { World } from "../../../src/platform/sim/world.ts";

export const HUB_ID = 1;
export const HUB_ADDRESS = 0xc0000201;
/** A NAT lets answers in only from the port that was asked: the hub must answer from there. */
export const HUB_PORTS = [18020, 18023, 18026];
const OVERLAY = 0x0a4d0000;

/** Inner address of a mesh id. */
export function innerOf(id: number): number {
  return OVERLAY + id;
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** A different, recognisable PSK for each spoke. */
export function pskOf(id: number): Uint8Array {
  const psk = new Uint8Array(32).fill(0x5a);
  psk[0] = id & 255;
  psk[1] = id >> 8;
  return psk;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export interface StarOptions {
  readonly spokes: number;
  readonly obfuscate?: boolean;
  readonly keepaliveSecs?: number;
  readonly nat?: boolean;
  readonly natTimeout?: number;
  readonly variant?: EngineVariant;
  readonly pages?: number;
  /** Fields added to the hub's configuration. */
  readonly hubConfig?: object;
  /** Offloads of each machine in turn, hub first. */
  readonly offloads?: (index: number) => Offloads;
}

export class Member {
  readonly id: number;
  readonly machine: Machine;
  readonly nat: Nat | null;
  /** Inner packets delivered here, in order. */
  delivered: Uint8Array[] = [];
  node!: SimNode;
  private readonly world: World;
  private readonly config: object;
  private readonly options: StarOptions;

  constructor(
    world: World,
    id: number,
    machine: Machine,
    nat: Nat | null,
    config: object,
    options: StarOptions,
  ) {
    this.world = world;
    this.id = id;
    this.machine = machine;
    this.nat = nat;
    this.config = config;
    this.options = options;
    const note = machine.onDelivery;
    machine.onDelivery = (packet) => {
      note(packet);
      this.delivered.push(packet);
    };
    this.start();
  }

  /** Starts the daemon, or starts it again. */
  start(): void {
    const { variant, pages, hubConfig } = this.options;
    const config = this.id === HUB_ID ? { ...this.config, ...hubConfig } : this.config;
    this.node = this.world.startNode(this.machine, config, { variant, pages });
  }

  get inner(): number {
    return innerOf(this.id);
  }

  /** A program here sends an inner packet with a number in it. */
  send(destination: number, number: number, length = 40, source = this.inner): boolean {
    return this.machine.send(numberedPacket(source, destination, number, length));
  }

  received(number: number): boolean {
    return this.delivered.some((packet) => numberIn(packet) === number);
  }
}

/** An IPv4/UDP packet that carries a number behind its IP header. */
export function numberedPacket(source: number, destination: number, number: number, length = 40): Uint8Array {
  const packet = new Uint8Array(length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, length);
  view.setUint8(8, 64);
  view.setUint8(9, 17);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  view.setUint32(20, number);
  return packet;
}

export function numberIn(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(20);
}

export interface Star {
  readonly hub: Member;
  readonly spokes: readonly Member[];
}

export function buildStar(world: World, options: StarOptions): Star {
  const { obfuscate = true, keepaliveSecs = 20, offloads } = options;
  const ids = Array.from({ length: options.spokes }, (_, i) => i + 2);
  const hubMachine = world.addMachine("hub", { addresses: [HUB_ADDRESS], offloads: offloads?.(0) });
  const hub = new Member(
    world,
    HUB_ID,
    hubMachine,
    null,
    {
      role: "hub",
      local_id: HUB_ID,
      obfuscate,
      virtual_subnet: "10.77.0.0/16",
      peers: ids.map((id) => ({
        id,
        // Where no spoke is: the hub has to learn.
        endpoint: `${dotted(0xc6120000 + id)}:18020`,
        allowed_src: `${dotted(innerOf(id))}/32`,
        psk: hex(pskOf(id)),
      })),
    },
    options,
  );
  const spokes = ids.map((id) => {
    const nat = options.nat ? world.addNat(0xcb000000 + id, options.natTimeout) : null;
    const addresses = [nat === null ? 0xc6330000 + id : 0xc0a8010a];
    const machine = world.addMachine(`spoke${id}`, {
      addresses,
      offloads: offloads?.(id - 1),
      ...(nat === null ? {} : { nat }),
    });
    const config = {
      role: "spoke",
      local_id: id,
      obfuscate,
      keepalive_secs: keepaliveSecs,
      virtual_subnet: "10.77.0.0/16",
      local_tun_ip: `${dotted(innerOf(id))}/16`,
      peers: [
        {
          id: HUB_ID,
          endpoint: `${dotted(HUB_ADDRESS)}:${HUB_PORTS[id % 3]}`,
          allowed_src: "10.77.0.0/16",
          psk: hex(pskOf(id)),
        },
      ],
    };
    return new Member(world, id, machine, nat, config, options);
  });
  return { hub, spokes };
}
