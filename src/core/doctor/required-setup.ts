// What the interface must be like: the steps of the network plan (daemon-cli.md §5), as wishes. So the doctor and the plan
// agree by construction, and what the doctor recommends is the plan's own command.

import type { Cidr } from "../cidr.ts";
import type { Config } from "../config/values.ts";
import { linuxCommand, networkSteps } from "../network-steps.ts";

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
  const steps = networkSteps(config, "linux");
  let link: Wish<number> | null = null;
  const addresses: Wish<Cidr>[] = [];
  const routes: Wish<Cidr>[] = [];
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    if (step.kind === "link") link = { value: step.mtu, command: linuxCommand(step, device) };
    else if (step.kind === "address")
      addresses.push({ value: step.prefix, command: linuxCommand(step, device) });
    else if (step.kind === "route") routes.push({ value: step.prefix, command: linuxCommand(step, device) });
    // The address should have brought it; somebody has taken it away.
    else if (step.kind === "connected")
      routes.push({
        value: step.prefix,
        command: linuxCommand({ kind: "route", prefix: step.prefix }, device),
      });
  }
  return { link, addresses, routes };
}
