// `policy test`: what becomes of a packet between two addresses, control-protocol.md §11.

import {
  ACTION_FORWARD,
  PEER_ID,
  PEER_STRIDE,
  PREFIX_STRIDE,
  REGION_PEERS,
  REGION_SCRATCH,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { type Cidr, formatCidrs, formatHost, overlaps, writePrefix } from "../cidr.ts";
import type { Job } from "../control/job.ts";
import { CONTROL_PIECE } from "../limits.ts";
import { allowedSources } from "../peer-sources.ts";
import type { Rule } from "./roles.ts";
import { formatRule, readRule } from "./text.ts";

/** Peers named that may use an address as their source; the rest is counted. */
const MAX_NAMED = 4;

interface Decision {
  readonly rule: Rule | null;
  /** Number in the table, from 1. */
  readonly place: number;
  /** Index of the peer it goes to, -1 when it goes to none. */
  readonly peer: number;
}

/**
 * First line: what the rule for the packet does with it. Then where the source comes from, by the rule for the way
 * back, and whether allowed_src lets it; and what happens to the packet that the rule alone does not tell.
 */
export class TraceJob implements Job {
  readonly tooLong = "";
  private readonly engine: Engine;
  private readonly names: readonly string[];
  private readonly src: Cidr;
  private readonly dst: Cidr;
  /** Peers looked at. */
  private next = 0;
  private readonly holders: number[] = [];
  private holderCount = 0;

  /**
   * @param names of the peers, in their order
   * @param src a single address, as is `dst`
   */
  constructor(engine: Engine, names: readonly string[], src: Cidr, dst: Cidr) {
    this.engine = engine;
    this.names = names;
    this.src = src;
    this.dst = dst;
  }

  step(): string | null {
    const peers = this.engine.call.peerCount();
    const end = Math.min(peers, this.next + CONTROL_PIECE);
    for (; this.next < end; this.next++) this.look(this.next);
    if (this.next < peers) return null;
    const forth = this.decide(this.dst, this.src);
    const back = this.decide(this.src, this.dst);
    return `ok ${this.verdict(forth)}\n${this.origin(back)}${this.consequence(forth, back)}`;
  }

  private look(peer: number): void {
    if (!this.maySend(peer)) return;
    this.holderCount++;
    if (this.holders.length < MAX_NAMED) this.holders.push(peer);
  }

  /** True when the source lies in one of the peer's allowed_src. */
  private maySend(peer: number): boolean {
    const allowed = allowedSources(this.engine, peer);
    for (let i = 0; i < allowed.length; i++) if (overlaps(allowed[i]!, this.src)) return true;
    return false;
  }

  private decide(to: Cidr, from: Cidr): Decision {
    const { engine } = this;
    const at = engine.call.region(REGION_SCRATCH);
    writePrefix(engine, at, to);
    writePrefix(engine, at + PREFIX_STRIDE, from);
    const index = engine.call.matchRule(at, at + PREFIX_STRIDE);
    if (index < 0) return { rule: null, place: 0, peer: -1 };
    const rule = readRule(engine, index);
    const forwards = rule.action === ACTION_FORWARD && rule.target !== 0;
    return { rule, place: index + 1, peer: forwards ? engine.call.findPeer(rule.target) : -1 };
  }

  private verdict({ rule, place, peer }: Decision): string {
    if (rule === null) return "no rule";
    const by = ` by rule ${place}: ${formatRule(rule).substring(0, formatRule(rule).length - 1)}`;
    if (rule.action !== ACTION_FORWARD) return `drop${by}`;
    if (rule.target === 0) return `deliver here${by}`;
    return peer < 0
      ? `forward to peer ${rule.target} (not configured)${by}`
      : `forward to ${this.nameOf(peer)}${by}`;
  }

  private nameOf(peer: number): string {
    const id = this.engine.u32[(this.engine.call.region(REGION_PEERS) + peer * PEER_STRIDE + PEER_ID) >> 2]!;
    const name = this.names[peer];
    return name === undefined || name === "" ? `peer ${id}` : `peer ${id} (${name})`;
  }

  /** Where the source comes from. */
  private origin({ rule, place, peer }: Decision): string {
    const source = `source ${formatHost(this.src)}`;
    if (rule !== null && rule.action === ACTION_FORWARD && rule.target === 0)
      return `${source}: this node's own side, by rule ${place}; no allowed_src applies\n`;
    if (peer < 0) return `${source}: no rule leads back to a peer${this.holdersText()}\n`;
    const allowed = formatCidrs(allowedSources(this.engine, peer)).join(", ");
    const from = `${source}: from ${this.nameOf(peer)}, by rule ${place}`;
    if (this.maySend(peer)) return `${from}; its allowed_src ${allowed} holds it\n`;
    return `${from}; its allowed_src ${allowed} does not hold it: dropped (drop_udp_spoof)${this.holdersText()}\n`;
  }

  /** Whose allowed_src holds the source. */
  private holdersText(): string {
    if (this.holderCount === 0) return "; no peer's allowed_src holds it";
    const names: string[] = [];
    for (let i = 0; i < this.holders.length; i++) names.push(this.nameOf(this.holders[i]!));
    const rest = this.holderCount - names.length;
    return `; allowed_src holds it at ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
  }

  /** What else decides. */
  private consequence(forth: Decision, back: Decision): string {
    const { rule } = forth;
    if (rule === null) return "dropped: no rule has that destination (drop_*_no_route)\n";
    if (rule.action !== ACTION_FORWARD) return "";
    const own = back.rule !== null && back.rule.action === ACTION_FORWARD && back.rule.target === 0;
    if (rule.target === 0) return own ? "dropped: from here to here (drop_tun_local_loop)\n" : "";
    if (forth.peer < 0) return `dropped: no peer has id ${rule.target} (drop_*_unknown_target)\n`;
    if (back.peer === forth.peer) return "dropped: back to the peer it comes from (drop_udp_no_reflect)\n";
    return "";
  }
}
