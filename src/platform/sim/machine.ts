// A machine in the simulation: its place in the network, its files, its devices and its clock. Daemons come and go.

import { FileTree } from "./file-tree.ts";
import { AbstractNames } from "./local-sockets.ts";
import type { Network, NetworkHost } from "./network.ts";
import { VirtualTun } from "./virtual-tun.ts";

export interface Offloads {
  /** UDP_SEGMENT and UDP_GRO. */
  readonly udpSegments: boolean;
  /** IFF_VNET_HDR with TCP segmentation offload. */
  readonly tunVnet: boolean;
}

export class Machine {
  readonly name: string;
  readonly host: NetworkHost;
  readonly network: Network;
  readonly offloads: Offloads;
  readonly files = new FileTree();
  readonly names = new AbstractNames();
  readonly env: { [name: string]: string } = {};
  /** What this machine's wall clock shows beyond the world's, in ns. Changing it is setting the clock. */
  clockError = 0n;
  /** What a program reads from its standard input, byte by byte. */
  readonly input: number[] = [];
  /** Everything printed, for tests and traces. */
  readonly printed: string[] = [];
  /** The device that is open at present. */
  tun: VirtualTun | null = null;
  /** Called with every inner packet delivered on this machine. */
  onDelivery: (packet: Uint8Array) => void = () => {};

  constructor(name: string, host: NetworkHost, network: Network, offloads: Offloads) {
    this.name = name;
    this.host = host;
    this.network = network;
    this.offloads = offloads;
  }

  /** A program on this machine sends an inner packet. False when no daemon holds the device, or its queue is full. */
  send(packet: Uint8Array): boolean {
    return this.tun?.send(packet) ?? false;
  }

  /** Creates the device. It lives as long as someone holds it open. */
  openTun(name: string): VirtualTun | null {
    if (this.tun !== null) return null;
    const tun = new VirtualTun(name, this.offloads.tunVnet);
    tun.onDelivery = (packet) => this.onDelivery(packet);
    this.tun = tun;
    return tun;
  }

  closeTun(): void {
    this.tun = null;
  }
}
