// What tools have of the system beyond what the daemon has.

import type { DatagramSys } from "../../core/sys.ts";
import type { Engine } from "../../engine/exports.ts";
import { addressOf } from "./libc.ts";
import { NodejsSys } from "./sys.ts";
import { loadSystem } from "./systems.ts";

const system = await loadSystem();

export class NodejsToolSys extends NodejsSys implements DatagramSys {
  private readonly memory: number;

  /** @param engine whose memory the sockets read and write */
  constructor(engine: Engine) {
    super(engine, { restart: false });
    this.memory = addressOf(engine.u8);
  }

  datagramOpen(port: number, dontFragment: number): number {
    return system.datagramOpen(port, dontFragment);
  }

  datagramSend(fd: number, address: number, port: number, offset: number, length: number): number {
    return system.datagramSend(fd, address, port, this.memory + offset, length);
  }

  datagramReceive(fd: number, offset: number, limit: number, from: number): number {
    const sender = this.engine.u32.subarray(from >> 2, (from >> 2) + 2);
    return system.datagramReceive(fd, this.memory + offset, limit, sender);
  }
}
