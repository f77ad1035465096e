// The daemon's side of the control socket, control-protocol.md §3 and §4.

import { REGION_CLOCK } from "../../engine/abi.ts";
import type { Host } from "../host.ts";
import { CONTROL_BURST, MAX_POLICY_REPLY } from "../limits.ts";
import { addRule, type Rule } from "../policy/roles.ts";
import { saveSnapshot } from "../policy/snapshot.ts";
import { policyPage } from "../policy/text.ts";
import { statusJson } from "../status/json.ts";
import type { NodeIdentity } from "../status/status.ts";
import { statusText } from "../status/text.ts";
import { EMSGSIZE, errnoOf, STDERR } from "../sys.ts";
import { parseCommand } from "./grammar.ts";

const NO_STATUS_TEXT = "status unavailable\n";
const NO_STATUS_JSON = '{"error":"status unavailable"}\n';

/** Where requests come from and replies go: the control socket. */
export interface ControlChannel {
  /** The next request as a byte string: "" for one that must be ignored, null when none is left. */
  receive(): string | null;
  /** Whether the last request can be answered. */
  readonly answerable: boolean;
  /** Answers the last request, best effort. 0 or -errno. */
  reply(text: string): number;
}

export class ControlServer {
  private readonly host: Host;
  private readonly channel: ControlChannel;
  private readonly node: NodeIdentity;
  private readonly snapshot: string;
  private fullReported = false;

  /** @param snapshot path that `save` writes */
  constructor(host: Host, channel: ControlChannel, node: NodeIdentity, snapshot: string) {
    this.host = host;
    this.channel = channel;
    this.node = node;
    this.snapshot = snapshot;
  }

  /** Answers at most 64 waiting datagrams, every line of each. */
  serve(): void {
    for (let i = 0; i < CONTROL_BURST; i++) {
      const request = this.channel.receive();
      if (request === null) return;
      this.handle(request);
    }
  }

  /** Handles every line of one datagram; lines that do not parse are met with silence. */
  private handle(request: string): void {
    const lines = request.split("\n");
    for (let i = 0; i < lines.length; i++) {
      const command = parseCommand(lines[i]!);
      switch (command.verb) {
        case "add":
          this.add(command.rule);
          break;
        case "show":
          this.reply(policyPage(this.host.engine, command.from, MAX_POLICY_REPLY));
          break;
        case "save":
          this.reply(this.save());
          break;
        case "status":
          this.status(command.json);
          break;
      }
    }
  }

  private reply(text: string): void {
    this.channel.reply(text);
  }

  /** There is never a reply; a full table is noted once in the log. */
  private add(rule: Rule): void {
    if (addRule(this.host.engine, rule) || this.fullReported) return;
    this.fullReported = true;
    const count = this.host.engine.call.ruleCount();
    this.host.sys.print(
      STDERR,
      `policy add ignored: the table is full with ${count} rules; raise max_rules\n`,
    );
  }

  private save(): string {
    const count = this.host.engine.call.ruleCount();
    return saveSnapshot(this.host, this.snapshot)
      ? `saved ${count} rule(s) to ${this.snapshot}\n`
      : "save failed\n";
  }

  /** A mesh of thousands may have a status that no datagram holds: then the reply says so. */
  private status(json: boolean): void {
    const { engine, sys } = this.host;
    sys.clock(engine.call.region(REGION_CLOCK));
    const sent = this.channel.reply(json ? statusJson(engine, this.node) : statusText(engine, this.node));
    if (errnoOf(sent) === EMSGSIZE) this.reply(json ? NO_STATUS_JSON : NO_STATUS_TEXT);
  }
}
