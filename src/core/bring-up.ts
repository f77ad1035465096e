// Brings the interface up by system calls, daemon-cli.md §9: does the steps that the network plan prints.

import { formatCidr, hostPrefix, networkOf } from "./cidr.ts";
import type { Config } from "./config/values.ts";
import { errnoText } from "./errno-text.ts";
import { subnetraError } from "./errors.ts";
import type { Host } from "./host.ts";
import { linuxCommand, type NetworkStep, networkSteps } from "./network-steps.ts";
import { oneLine } from "./printable.ts";
import { Rtnetlink } from "./rtnetlink.ts";
import { type StartFailure, startFailure } from "./start-failure.ts";
import { EEXIST, EPERM, errnoOf } from "./sys.ts";

/** Index of the interface by prefix. */
type Routes = { [prefix: string]: number };

/**
 * Sets MTU and address of the open device, brings it up and adds the routes. What is there already stays; nothing of
 * another interface is changed. Overwrites the begin of REGION_SCRATCH.
 *
 * @param device its real name
 * @throws StartFailure that names the step as the command of the plan
 */
export function bringUp(host: Host, config: Config, device: string): void {
  if (host.sys.os !== "linux") throw unsupported();
  const steps = networkSteps(config, "linux");
  const fd = host.sys.netlinkOpen();
  if (fd < 0) throw failed(steps[0]!, device, errnoOf(fd));
  const kernel = new Rtnetlink(host.engine, host.sys, fd);
  try {
    const link = kernel.linkIndex(device);
    if (link < 0) throw failed(steps[0]!, device, errnoOf(link));
    const routes = existingRoutes(kernel, steps);
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const taken = routes[wantedPrefix(step)];
      if (taken !== undefined && taken !== link) throw conflict(step, device, kernel.linkName(taken));
      const result = doStep(kernel, link, step, taken !== undefined);
      if (result < 0) throw failed(step, device, errnoOf(result));
    }
  } finally {
    kernel.close();
  }
}

function doStep(kernel: Rtnetlink, link: number, step: NetworkStep, there: boolean): number {
  if (step.kind === "link") return kernel.setLink(link, step.mtu);
  if (step.kind === "address") return kernel.addAddress(link, step.prefix);
  return step.kind === "route" && !there ? kernel.addRoute(link, step.prefix) : 0;
}

/** The prefix that a step routes through the interface, as text, "" for none: an address brings its network's. */
function wantedPrefix(step: NetworkStep): string {
  if (step.kind === "route") return formatCidr(step.prefix);
  if (step.kind !== "address") return "";
  const network = networkOf(step.prefix);
  const text = formatCidr(network);
  // A host has no network.
  return text === formatCidr(hostPrefix(network)) ? "" : text;
}

/** Which interfaces the wanted prefixes lead to now. */
function existingRoutes(kernel: Rtnetlink, steps: NetworkStep[]): Routes {
  const wanted: { [prefix: string]: boolean } = {};
  for (let i = 0; i < steps.length; i++) wanted[wantedPrefix(steps[i]!)] = true;
  const found: Routes = {};
  kernel.routes(({ prefix, link }) => {
    const text = formatCidr(prefix);
    // The kernel takes the first.
    if (wanted[text] === true && found[text] === undefined) found[text] = link;
  });
  return found;
}

function failed(step: NetworkStep, device: string, errno: number): StartFailure {
  const why = errno === EEXIST ? "another route to the prefix exists" : errnoText(errno);
  const remedy =
    errno === EPERM
      ? "run as root or give it CAP_NET_ADMIN; or start without --up and run the plan's commands as root"
      : undefined;
  return failure(step, device, `the system refused (${why})`, remedy);
}

function conflict(step: NetworkStep, device: string, other: string): StartFailure {
  const where = other === "" ? "a route of another kind" : `the interface ${oneLine(other)}`;
  const detail = `${wantedPrefix(step)} already leads to ${where}`;
  return failure(
    step,
    device,
    detail,
    "remove that route, or give the mesh a prefix that is not in use here",
  );
}

function failure(step: NetworkStep, device: string, detail: string, remedy?: string): StartFailure {
  const error = subnetraError("BringUpFailed", "", detail, remedy);
  return startFailure(`bring-up failed (${error.code}) at: ${linuxCommand(step, oneLine(device))}`, error);
}

function unsupported(): StartFailure {
  const error = subnetraError(
    "BringUpFailed",
    "",
    "--up needs Linux",
    "start without it and run the commands of --print-network-plan",
  );
  return startFailure(`bring-up failed (${error.code})`, error);
}
