// What the interface must be like: the commands of the network plan (daemon-cli.md §5), read back as wishes. So the doctor
// and the plan agree by construction, and what the doctor recommends is the plan's own line.

import { type Cidr, parseCidr } from "../cidr.ts";
import type { Config } from "../config/values.ts";
import { DEFAULT_PATH_MTU, networkPlan } from "../network-plan.ts";

export interface Wish<T> {
  readonly value: T;
  /** The command that brings it about. */
  readonly command: string;
}

export interface RequiredSetup {
  readonly link: Wish<number> | null;
  readonly addresses: readonly Wish<Cidr>[];
  readonly routes: readonly Wish<Cidr>[];
}

/** The plan's wishes for an interface. */
export function requiredSetup(config: Config, device: string): RequiredSetup {
  const lines = networkPlan(config, "linux", device, DEFAULT_PATH_MTU).split("\n");
  let link: Wish<number> | null = null;
  const addresses: Wish<Cidr>[] = [];
  const routes: Wish<Cidr>[] = [];
  for (let i = 0; i < lines.length; i++) {
    const command = lines[i]!;
    const words = command.split(" ");
    if (words[0] !== "ip") continue;
    const prefix = parseCidr(words[3] || "");
    if (words[1] === "link") link = { value: config.mtu, command };
    else if (words[1] === "addr" && prefix !== null) addresses.push({ value: prefix, command });
    else if (words[1] === "route" && prefix !== null) routes.push({ value: prefix, command });
  }
  return { link, addresses, routes };
}
