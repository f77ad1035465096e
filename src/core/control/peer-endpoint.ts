// `peer endpoint`: where a peer is expected, control-protocol.md §2.

import type { Engine } from "../../engine/exports.ts";
import { type Endpoint, formatEndpoint } from "../config/endpoint.ts";
import { expectPeerAt } from "../config/registry.ts";
import type { ErrorCode } from "../error-codes.ts";
import type { Job } from "./job.ts";

const NO_SUCH_PEER: ErrorCode = "NoSuchPeer";

/** Sends to the peer there from now on. Its next authentic datagram from elsewhere moves it, as ever. */
export class ExpectPeerJob implements Job {
  readonly tooLong = "";
  private readonly engine: Engine;
  private readonly id: number;
  private readonly endpoint: Endpoint;

  constructor(engine: Engine, id: number, endpoint: Endpoint) {
    this.engine = engine;
    this.id = id;
    this.endpoint = endpoint;
  }

  step(): string {
    const index = this.engine.call.findPeer(this.id);
    if (index < 0) return `error ${NO_SUCH_PEER} no peer has the id ${this.id}\n`;
    expectPeerAt(this.engine, index, this.endpoint);
    return `ok peer ${this.id} is expected at ${formatEndpoint(this.endpoint.address, this.endpoint.port)}\n`;
  }
}
