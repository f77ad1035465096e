// The daemon as the doctor sees it: two looks at its status, its unit, other daemons on this machine.

import { existsSync, statSync } from "node:fs";
import { ClientSocket } from "../../../core/control/client-socket.ts";
import type { DaemonFacts, PeerSample, Sample, UnitFacts } from "../../../core/doctor/facts.ts";
import { StatusCollector } from "../../../core/status/collector.ts";
import { type ClientSys, EACCES, EPERM } from "../../../core/sys.ts";
import { fromByteString } from "../../../platform/nodejs/process.ts";
import { linkTarget, output, processes, text } from "./commands.ts";

const REPLY_TIMEOUT_MS = 2000;
const BETWEEN_LOOKS_MS = 1000;
const UNIT = "subnetrad.service";
/** A daemon's lines that say why it did not start. */
const REASON = /failed|unavailable|too long|exited|invalid|unknown argument|not starting/;

export async function gatherDaemon(sys: ClientSys, socket: string): Promise<DaemonFacts> {
  const first = look(sys, socket);
  const samples: Sample[] = [];
  if (typeof first !== "string") {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
    const second = look(sys, socket);
    samples.push(first);
    if (typeof second !== "string") samples.push(second);
  }
  return {
    socket: fromByteString(socket),
    socketMode: modeOf(fromByteString(socket)),
    state: typeof first === "string" ? first : "answers",
    samples,
    others: otherDaemons(fromByteString(socket)),
    unit: unitFacts(),
  };
}

function modeOf(path: string): number {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return -1;
  }
}

/** One status, or why there is none. */
function look(sys: ClientSys, path: string): Sample | "absent" | "denied" | "silent" {
  const socket = ClientSocket.open(sys, path, true);
  if (!(socket instanceof ClientSocket))
    return socket.errno === EACCES || socket.errno === EPERM ? "denied" : "absent";
  try {
    const reply = ask(socket);
    return reply === null ? "silent" : sampleOf(reply);
  } catch {
    // Not what a daemon says.
    return "silent";
  } finally {
    socket.close();
  }
}

/** The whole status as JSON, page by page where one datagram does not hold it. */
function ask(socket: ClientSocket): string | null {
  const status = new StatusCollector(false);
  do {
    if (socket.send(status.request) < 0) return null;
  } while (status.take(socket.receive(REPLY_TIMEOUT_MS)));
  return status.problem === "" ? status.parts.join("") : null;
}

interface PeerJson {
  id: number;
  name?: string;
  endpoint: string;
  allowed_src: string;
  allowed_srcs?: string[];
  last_seen_wall_ns: number;
  last_seen_age_seconds: number | null;
  online: boolean;
  unclaimed?: number;
}

interface StatusJson {
  version: string;
  local_id: number;
  listen_port: number;
  tun: string;
  peers: PeerJson[];
  counters: Record<string, number>;
  warnings?: string[];
  socket_drops?: number | null;
}

function sampleOf(reply: string): Sample {
  const status = JSON.parse(fromByteString(reply)) as StatusJson;
  return {
    version: status.version,
    localId: status.local_id,
    port: status.listen_port,
    tun: status.tun,
    peers: status.peers.map(peerOf),
    counters: status.counters,
    warnings: status.warnings ?? [],
    socketDrops: status.socket_drops ?? -1,
  };
}

function peerOf(peer: PeerJson): PeerSample {
  return {
    id: peer.id,
    name: peer.name ?? "",
    endpoint: peer.endpoint,
    allowedSrc: (peer.allowed_srcs ?? [peer.allowed_src]).join(","),
    age: peer.last_seen_age_seconds ?? -1,
    heardAt: peer.last_seen_wall_ns / 1e6,
    online: peer.online,
    unclaimed: peer.unclaimed ?? 0,
  };
}

/** Daemons with a socket of their own in this network namespace, as far as this user may see. */
function otherDaemons(own: string): { pid: number; socket: string }[] {
  return processes()
    .filter(({ pid }) => linkTarget(`/proc/${pid}/ns/net`) === linkTarget("/proc/self/ns/net"))
    .filter(({ words }) => words.some((word) => /(^|\/)subnetrad(\.js)?$/.test(word)))
    .map(({ pid }) => {
      const environment = (text(`/proc/${pid}/environ`) ?? "").split("\0");
      const socket = environment.find((one) => one.startsWith("SUBNETRA_SOCK="))?.slice(14);
      return { pid, socket: socket || "/run/subnetra/subnetra.sock" };
    })
    .filter(({ socket }) => socket !== own && existsSync(socket));
}

function unitFacts(): UnitFacts | null {
  if (!existsSync("/run/systemd/system")) return null;
  const shown = output("systemctl", ["show", UNIT, "-p", "LoadState,ActiveState,SubState,Result"]);
  if (shown === null) return null;
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  if (value("LoadState") !== "loaded") return null;
  const log = output("journalctl", ["-u", UNIT, "-n", "40", "-o", "cat", "--no-pager"]) ?? "";
  return {
    name: UNIT,
    active: value("ActiveState"),
    sub: value("SubState"),
    result: value("Result"),
    said:
      log
        .split("\n")
        .reverse()
        .find((line) => REASON.test(line)) ?? "",
  };
}
