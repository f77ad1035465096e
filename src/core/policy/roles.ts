// Policy rules, policy.md, and the starting table a role selects, config.md §8.

import { ACTION_FORWARD, TABLE_FULL } from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import { ANY, type Cidr } from "../cidr.ts";
import type { Config } from "../config/values.ts";

export interface Rule {
  readonly src: Cidr;
  readonly dst: Cidr;
  /** ACTION_FORWARD or ACTION_DROP. */
  readonly action: number;
  /** Peer id, or 0 for this node's own TUN; 0 for drop. */
  readonly target: number;
}

/** Appends a rule to the engine's table. False when the table is full. */
export function addRule(engine: Engine, rule: Rule): boolean {
  const { src, dst } = rule;
  return (
    engine.call.addRule(src.address, src.bits, dst.address, dst.bits, rule.action, rule.target) !== TABLE_FULL
  );
}

/** The starting table in order; order decides ties. */
export function initialRules(config: Config): Rule[] {
  if (config.role === "hub") return hubRules(config);
  return config.role === "spoke" ? spokeRules(config) : [];
}

function hubRules(config: Config): Rule[] {
  const rules: Rule[] = [];
  for (let i = 0; i < config.peers.length; i++) {
    rules.push(forward(config.peers[i]!.allowedSrc, config.peers[i]!.id));
  }
  return rules;
}

/** Local rules first, so that a local route wins against a hub route of equal length. */
function spokeRules(config: Config): Rule[] {
  const hub = config.peers[0]!.id;
  const rules: Rule[] = [];
  for (let i = 0; i < config.localRoutes.length; i++) rules.push(forward(config.localRoutes[i]!, 0));
  if (rules.length === 0 && config.localTunIp !== null) {
    rules.push(forward({ address: config.localTunIp.address, bits: 32 }, 0));
  }
  for (let i = 0; i < config.remoteRoutes.length; i++) rules.push(forward(config.remoteRoutes[i]!, hub));
  if (config.remoteRoutes.length === 0) rules.push(forward(config.virtualSubnet, hub));
  return rules;
}

function forward(dst: Cidr, target: number): Rule {
  return { src: ANY, dst, action: ACTION_FORWARD, target };
}
