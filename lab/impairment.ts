// Loss and delay on the underlay between a node and its hub, without netem.
//
// Loss is an nftables rule in the node's namespace. Delay is a forwarder beside the hub; stateless rewriting of the
// ports in the node's namespace sends the node's datagrams through it and makes the answers look direct, so the
// node notices nothing but the delay. The hub sees the forwarder's address, and learns the direct one again later.

import type { Lab } from "./lab.ts";
import type { LabProcess } from "./process.ts";
import { compiled } from "./project.ts";

const TABLE = "impairment";
const FORWARDER_PORT = 40000;

export interface ImpairmentOptions {
  /** Namespace of the impaired node, and of the hub. */
  node: string;
  hub: string;
  /** The hub's underlay address and UDP port as the node knows them. */
  address: string;
  port: number;
  /** Percent of datagrams lost in each direction. */
  lossPercent: number;
  /** Delay in ms in each direction. */
  delayMs: number;
}

export class Impairment {
  private forwarder: LabProcess | undefined;
  private readonly lab: Lab;
  private readonly options: ImpairmentOptions;

  constructor(lab: Lab, options: ImpairmentOptions) {
    this.lab = lab;
    this.options = options;
  }

  async apply(): Promise<void> {
    const { node, hub, address, port, lossPercent, delayMs } = this.options;
    const command = [compiled("lab/delay-forwarder.ts"), address, FORWARDER_PORT, address, port, delayMs];
    this.forwarder = this.lab.start(hub, "delay forwarder", [process.execPath, ...command.map(String)]);
    await this.forwarder.seen(/forwarding/);
    this.lab.nft(
      node,
      `table ip ${TABLE} {
        chain out {
          type filter hook output priority raw;
          ip daddr ${address} udp dport ${port} numgen random mod 100 < ${lossPercent} drop
          ip daddr ${address} udp dport ${port} udp dport set ${FORWARDER_PORT}
        }
        chain in {
          type filter hook prerouting priority raw;
          ip saddr ${address} udp sport ${FORWARDER_PORT} numgen random mod 100 < ${lossPercent} drop
          ip saddr ${address} udp sport ${FORWARDER_PORT} udp sport set ${port}
        }
      }\n`,
    );
  }

  async remove(): Promise<void> {
    this.lab.nft(this.options.node, `delete table ip ${TABLE}\n`);
    await this.forwarder?.stop();
  }
}
