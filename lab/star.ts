// The star of deployment.md §13:
//
//        A 10.0.0.2/24 (id 2)              hub (id 1, no address)            B 10.0.0.3/24 (id 3)
//        snr0                              snr0                              snr0
//        subnetrad :51820                  subnetrad :51820                  subnetrad :51820
//        u0 10.100.1.2/24 ──── veth ──── ua 10.100.1.1   ub 10.100.2.1 ──── veth ──── u0 10.100.2.2/24

import { type NodeConfig, newKey } from "./config.ts";
import { Lab } from "./lab.ts";
import { MeshNode, type StartOptions } from "./mesh-node.ts";
import type { Build } from "./project.ts";

export const PORT = 51820;
export const A_UNDERLAY = "10.100.1.2";
export const HUB_UNDERLAY_A = "10.100.1.1";
export const HUB_UNDERLAY_B = "10.100.2.1";
export const B_UNDERLAY = "10.100.2.2";
export const A_OVERLAY = "10.0.0.2";
export const B_OVERLAY = "10.0.0.3";
export const HUB_OVERLAY = "10.0.0.1";
export const OVERLAY = "10.0.0.0/24";
export const MTU = 1400;
export const HUB_ID = 1;
export const A_ID = 2;
export const B_ID = 3;
/** Policy target: this node's own TUN. */
export const LOCAL = 0;

export interface StarOptions {
  builds: { hub: Build; spokes: Build };
  /** "manual" nodes start without rules; "roles" are a hub and two spokes. */
  kind: "manual" | "roles";
  /** Gives the hub the overlay address 10.0.0.1 and a rule that delivers to it. */
  hubAddress?: boolean;
  /** Changes to the documents before they are written. */
  adjust?: (name: "hub" | "a" | "b", config: NodeConfig) => void;
}

export class Star {
  readonly lab: Lab;
  readonly keys: { a: string; b: string };
  readonly hub: MeshNode;
  readonly a: MeshNode;
  readonly b: MeshNode;
  private readonly options: StarOptions;

  constructor(label: string, options: StarOptions) {
    this.options = options;
    this.lab = new Lab(label);
    this.keys = { a: newKey(), b: newKey() };
    for (const name of ["hub", "a", "b"]) this.lab.addNamespace(name);
    this.lab.connect(
      { ns: "a", dev: "u0", ip: `${A_UNDERLAY}/24` },
      { ns: "hub", dev: "ua", ip: `${HUB_UNDERLAY_A}/24` },
    );
    this.lab.connect(
      { ns: "b", dev: "u0", ip: `${B_UNDERLAY}/24` },
      { ns: "hub", dev: "ub", ip: `${HUB_UNDERLAY_B}/24` },
    );
    const { hub, spokes } = options.builds;
    this.hub = new MeshNode(this.lab, "hub", hub, this.hubConfig());
    this.a = new MeshNode(
      this.lab,
      "a",
      spokes,
      this.spokeConfig(A_ID, A_OVERLAY, HUB_UNDERLAY_A, this.keys.a),
    );
    this.b = new MeshNode(
      this.lab,
      "b",
      spokes,
      this.spokeConfig(B_ID, B_OVERLAY, HUB_UNDERLAY_B, this.keys.b),
    );
    for (const node of this.nodes) options.adjust?.(node.name as "hub" | "a" | "b", node.config);
  }

  get nodes(): MeshNode[] {
    return [this.hub, this.a, this.b];
  }

  private hubConfig(): NodeConfig {
    const config: NodeConfig = {
      role: this.options.kind === "roles" ? "hub" : "manual",
      local_id: HUB_ID,
      local_tun_mtu: MTU,
      listen_ports: [PORT],
      virtual_subnet: OVERLAY,
      peers: [
        {
          id: A_ID,
          endpoint: `${A_UNDERLAY}:${PORT}`,
          allowed_src: `${A_OVERLAY}/32`,
          psk: this.keys.a,
        },
        {
          id: B_ID,
          endpoint: `${B_UNDERLAY}:${PORT}`,
          allowed_src: `${B_OVERLAY}/32`,
          psk: this.keys.b,
        },
      ],
    };
    if (this.options.hubAddress) config.local_tun_ip = `${HUB_OVERLAY}/24`;
    return config;
  }

  private spokeConfig(id: number, overlay: string, hub: string, psk: string): NodeConfig {
    return {
      role: this.options.kind === "roles" ? "spoke" : "manual",
      local_id: id,
      local_tun_mtu: MTU,
      listen_ports: [PORT],
      virtual_subnet: OVERLAY,
      local_tun_ip: `${overlay}/24`,
      peers: [{ id: HUB_ID, endpoint: `${hub}:${PORT}`, allowed_src: OVERLAY, psk }],
    };
  }

  /** Starts the hub alone. */
  async startHub(options: StartOptions = {}): Promise<void> {
    await this.hub.start(options);
    if (this.options.hubAddress) this.addRule(this.hub, `${HUB_OVERLAY}/32`, LOCAL);
  }

  /** Starts the three daemons and applies their plans. The hub first: it is to hear each spoke's first keepalive. */
  async start(options: { hub?: StartOptions; spokes?: StartOptions } = {}): Promise<void> {
    await this.startHub(options.hub);
    await Promise.all([this.a.start(options.spokes), this.b.start(options.spokes)]);
  }

  /** Adds a forwarding rule through the client. */
  addRule(node: MeshNode, destination: string, target: number): void {
    node.ask(
      ..."policy add --src 0.0.0.0/0 --action forward".split(" "),
      "--dst",
      destination,
      "--target",
      String(target),
    );
  }

  /** The rules that manual nodes need for A and B to reach each other, and nobody else. */
  addManualRules(): void {
    this.addRule(this.hub, `${A_OVERLAY}/32`, A_ID);
    this.addRule(this.hub, `${B_OVERLAY}/32`, B_ID);
    this.addRule(this.a, `${A_OVERLAY}/32`, LOCAL);
    this.addRule(this.a, `${B_OVERLAY}/32`, HUB_ID);
    this.addRule(this.b, `${B_OVERLAY}/32`, LOCAL);
    this.addRule(this.b, `${A_OVERLAY}/32`, HUB_ID);
  }

  /** Everything the lab's daemons and clients printed so far. */
  get outputs(): string[] {
    return [
      ...this.lab.processes.map((child) => child.output),
      ...this.lab.results.map((result) => result.stdout + result.stderr),
    ];
  }

  close(): void {
    this.lab.close();
  }
}
