// Policy rules, policy.md, and the starting table a role selects, config.md §8.

import {
  ACTION_FORWARD,
  REGION_SCRATCH,
  RULE_ACTION,
  RULE_DST,
  RULE_SRC,
  RULE_TARGET,
  TABLE_FULL,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { ANY, type Cidr, hostPrefix, writePrefix } from "../cidr.ts";
import type { Config } from "../config/values.ts";

export interface Rule {
  readonly src: Cidr;
  readonly dst: Cidr;
  /** ACTION_FORWARD or ACTION_DROP. */
  readonly action: number;
  /** Peer id, or 0 for this node's own TUN; 0 for drop. */
  readonly target: number;
}

/** Writes a RULE_* record to `at`. */
export function writeRule(engine: Engine, at: number, rule: Rule): void {
  writePrefix(engine, at + RULE_SRC, rule.src);
  writePrefix(engine, at + RULE_DST, rule.dst);
  engine.u32[(at + RULE_ACTION) >> 2] = rule.action;
  engine.u32[(at + RULE_TARGET) >> 2] = rule.target;
}

/** Appends a rule to the engine's table, by way of the scratch memory. False when the table is full. */
export function addRule(engine: Engine, rule: Rule): boolean {
  const at = engine.call.region(REGION_SCRATCH);
  writeRule(engine, at, rule);
  return engine.call.addRule(at) !== TABLE_FULL;
}

/** True when a rule forwards to an id that is neither a peer's nor 0. */
export function isAstray(engine: Engine, rule: Rule): boolean {
  return rule.action === ACTION_FORWARD && rule.target !== 0 && engine.call.findPeer(rule.target) < 0;
}

/** The starting table in order; order decides ties. */
export function initialRules(config: Config): Rule[] {
  if (config.role === "hub") return hubRules(config);
  return config.role === "spoke" ? spokeRules(config) : [];
}

function hubRules(config: Config): Rule[] {
  const rules: Rule[] = [];
  for (let i = 0; i < config.peers.length; i++) {
    const { allowedSrcs, id } = config.peers[i]!;
    for (let k = 0; k < allowedSrcs.length; k++) rules.push(forward(allowedSrcs[k]!, id));
  }
  return rules;
}

/** Local rules first, so that a local route wins against a hub route of equal length. */
function spokeRules(config: Config): Rule[] {
  const hub = config.peers[0]!.id;
  const rules: Rule[] = [];
  for (let i = 0; i < config.localRoutes.length; i++) rules.push(forward(config.localRoutes[i]!, 0));
  if (rules.length === 0 && config.localTunIp !== null) {
    rules.push(forward(hostPrefix(config.localTunIp), 0));
  }
  for (let i = 0; i < config.remoteRoutes.length; i++) rules.push(forward(config.remoteRoutes[i]!, hub));
  if (config.remoteRoutes.length === 0) rules.push(forward(config.virtualSubnet, hub));
  return rules;
}

function forward(dst: Cidr, target: number): Rule {
  return { src: ANY, dst, action: ACTION_FORWARD, target };
}
