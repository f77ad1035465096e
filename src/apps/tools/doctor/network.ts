// Interfaces, routes and the ways to the peers, from /proc and /sys; no command is needed except for the path's size.

import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cidr, parseAddress } from "../../../core/cidr.ts";
import type { Config } from "../../../core/config/values.ts";
import type { NetworkFacts, PathFacts, Route } from "../../../core/doctor/facts.ts";
import { attempt, number, output, text } from "./commands.ts";

const IFF_UP = 1;
const RTF_UP = 1;
const RTF_REJECT = 0x200;
/** Wire header, tag, outer UDP and IPv4 header. */
const OVERHEAD = 64;
const ICMP_HEADERS = 28;
const SMALL_PACKET = 84;
const MAX_MTU_TRIALS = 9;
/** A machine tells of closed ports about once a second at most, and the daemon's own datagrams ask too. */
const REFUSAL_TRIES = 3;
const REFUSAL_INTERVAL_MS = 900;
/** Ways looked at; a hub of a thousand spokes is not asked about each. */
const MAX_PATHS = 3;

export interface Target {
  readonly peer: number;
  /** A.B.C.D:port */
  readonly endpoint: string;
  /** Whether its machine may be asked if somebody listens there. */
  readonly ask: boolean;
}

export async function gatherNetwork(options: {
  device: string;
  config: Config | null;
  targets: readonly Target[];
  probe: boolean;
}): Promise<NetworkFacts> {
  const { device, config, targets, probe } = options;
  const routes = routeTable();
  const forwarding = number("/proc/sys/net/ipv4/ip_forward");
  const all = number("/proc/sys/net/ipv4/conf/all/rp_filter");
  const own = number(`/proc/sys/net/ipv4/conf/${device}/rp_filter`);
  const paths: PathFacts[] = [];
  for (const target of targets.slice(0, MAX_PATHS))
    paths.push(await pathTo(target, routes ?? [], config === null ? 0 : config.mtu + OVERHEAD, probe));
  return {
    device: interfaceFacts(device),
    routes: routes ?? { unread: "the routes (/proc/net/route) could not be read" },
    reversePath:
      all === null || own === null
        ? { unread: `rp_filter of ${device} could not be read` }
        : { device: own, all },
    forwarding: forwarding ?? { unread: "ip_forward could not be read" },
    paths,
  };
}

function interfaceFacts(name: string): NetworkFacts["device"] {
  const flags = text(`/sys/class/net/${name}/flags`);
  const addresses = (networkInterfaces()[name] ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address, cidr }) => ({
      address: parseAddress(address, address.length),
      bits: Number(cidr?.split("/")[1] ?? 32),
    }));
  return {
    name,
    present: flags !== null,
    up: flags !== null && (Number(flags) & IFF_UP) !== 0,
    mtu: number(`/sys/class/net/${name}/mtu`) ?? 0,
    addresses,
  };
}

/** /proc/net/route: addresses are hexadecimal words in the machine's byte order. */
function routeTable(): Route[] | null {
  const table = text("/proc/net/route");
  if (table === null) return null;
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(
      (words) => words.length > 7 && (Number.parseInt(words[3]!, 16) & (RTF_UP | RTF_REJECT)) === RTF_UP,
    )
    .map((words) => ({ device: words[0]!, prefix: prefixOf(words[1]!, words[7]!) }));
}

function prefixOf(destination: string, mask: string): Cidr {
  const swapped = (hex: string) => Buffer.from(hex, "hex").readUInt32LE();
  let bits = 0;
  for (let left = swapped(mask); left !== 0; left = (left << 1) >>> 0) bits++;
  return { address: swapped(destination), bits };
}

/** The interface that the longest route leads to. */
function deviceTo(address: number, routes: readonly Route[]): string {
  let best: Route | null = null;
  for (const route of routes) {
    const { address: network, bits } = route.prefix;
    const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
    if ((address & mask) >>> 0 !== (network & mask) >>> 0) continue;
    if (best === null || bits > best.prefix.bits) best = route;
  }
  return best === null ? "" : best.device;
}

async function pathTo(
  { peer, endpoint, ask }: Target,
  routes: readonly Route[],
  wanted: number,
  probe: boolean,
): Promise<PathFacts> {
  const [host = "", port = ""] = endpoint.split(":");
  const address = parseAddress(host, host.length);
  // Policy routing and exceptions of the route are known to the kernel alone.
  const answer = output("ip", ["-o", "route", "get", host]);
  const device = /\bdev (\S+)/.exec(answer ?? "")?.[1] ?? deviceTo(address, routes);
  const known = /\bmtu (\d+)/.exec(answer ?? "")?.[1];
  const mtu = known === undefined ? (number(`/sys/class/net/${device}/mtu`) ?? 1500) : Number(known);
  const reachable = probe && device !== "";
  return {
    peer,
    endpoint,
    device,
    mtu,
    refused: reachable && ask ? await refuses(host, Number(port)) : null,
    largest: reachable && wanted > 0 && wanted <= mtu ? largestEcho(host, wanted) : null,
    wanted,
  };
}

/**
 * Whether the machine says that nobody listens on a UDP port. Empty datagrams are sent, which a node counts as
 * auth_or_invalid and never answers.
 */
async function refuses(host: string, port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  let refused = false;
  socket.on("error", (error: NodeJS.ErrnoException) => {
    refused ||= error.code === "ECONNREFUSED";
  });
  try {
    await new Promise<void>((resolve) => socket.connect(port, host, () => resolve()));
    for (let i = 0; i < REFUSAL_TRIES && !refused; i++) {
      // The send after a refusal reports it too.
      socket.send("", (error) => {
        refused ||= (error as NodeJS.ErrnoException | null)?.code === "ECONNREFUSED";
      });
      for (let ms = 0; ms < REFUSAL_INTERVAL_MS && !refused; ms += 50) await sleep(50);
    }
    return refused;
  } finally {
    socket.close();
  }
}

/** One echo of an IPv4 packet of `size` bytes that may not be fragmented. */
function echoes(host: string, size: number): boolean {
  for (let i = 0; i < 2; i++) {
    const result = attempt("ping", [
      ...["-n", "-q", "-c", "1", "-W", "1", "-M", "do"],
      ...["-s", String(size - ICMP_HEADERS), host],
    ]);
    if (!result.error && result.status === 0) return true;
  }
  return false;
}

/** The largest packet up to `wanted` that comes back; 0 when not even a small one does, null when ping cannot tell. */
function largestEcho(host: string, wanted: number): number | null {
  if (attempt("ping", ["-V"]).stdout?.includes("iputils") !== true) return null;
  if (!echoes(host, Math.min(SMALL_PACKET, wanted))) return 0;
  if (echoes(host, wanted)) return wanted;
  let low = Math.min(SMALL_PACKET, wanted);
  let high = wanted;
  for (let i = 0; i < MAX_MTU_TRIALS && high - low > 4; i++) {
    const middle = (low + high) >> 1;
    if (echoes(host, middle)) low = middle;
    else high = middle;
  }
  return low;
}
