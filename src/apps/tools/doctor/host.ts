// The machine as the doctor sees it: device, capability, clock, ports, buffers, disk.

import { closeSync, openSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FolderFacts, HostFacts, PortFacts } from "../../../core/doctor/facts.ts";
import { loadSystem } from "../../../platform/nodejs/systems.ts";
import { linkTarget, names, number, processes, text } from "./commands.ts";

const TUN = "/dev/net/tun";
const CAP_NET_ADMIN = 12n;
const CLOCK_PROGRAMS = /^(chronyd|ntpd|ntpsec|openntpd|systemd-timesyn|systemd-timesyncd|ptp4l|sysntpd)$/;
/** Written again and again by whoever keeps the time. */
const CLOCK_FILES = ["/var/lib/systemd/timesync/clock", "/var/lib/chrony/drift", "/etc/adjtime"];
const READ_ONLY = 1n;
const UNREADABLE = (what: string) => ({ unread: `${what} could not be read` });

export async function gatherHost(options: {
  config: string;
  ports: readonly number[];
  folders: readonly string[];
}): Promise<HostFacts> {
  const { clockSynchronised } = await loadSystem();
  const synchronised = clockSynchronised();
  const running = processes().map(({ name }) => name);
  const last = lastWrite([options.config, ...CLOCK_FILES]);
  return {
    root: process.geteuid?.() === 0,
    netAdmin: capability(),
    device: openError(TUN),
    now: Date.now(),
    year: new Date().getUTCFullYear(),
    synchronised: synchronised ?? UNREADABLE("the kernel's clock state"),
    clockSources: [...new Set(running.filter((name) => CLOCK_PROGRAMS.test(name)))],
    lastWrite: last.when,
    lastWriteFile: last.path,
    receiveLimit: number("/proc/sys/net/core/rmem_max") ?? UNREADABLE("net.core.rmem_max"),
    sendLimit: number("/proc/sys/net/core/wmem_max") ?? UNREADABLE("net.core.wmem_max"),
    ports: portFacts(options.ports),
    folders: [...new Set(options.folders)].map(folderFacts),
  };
}

function capability(): HostFacts["netAdmin"] {
  const status = text("/proc/self/status") ?? "";
  const has = (set: string) => {
    const mask = new RegExp(`^${set}:\\s*([0-9a-f]+)$`, "m").exec(status);
    return mask === null ? null : ((BigInt(`0x${mask[1]}`) >> CAP_NET_ADMIN) & 1n) === 1n;
  };
  const effective = has("CapEff");
  const bounding = has("CapBnd");
  return effective === null || bounding === null ? UNREADABLE("the capabilities") : { effective, bounding };
}

/** "" when the device opens for reading and writing, else the error's name. */
function openError(path: string): string {
  try {
    if (!statSync(path).isCharacterDevice()) return "not a device";
    closeSync(openSync(path, "r+"));
    return "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}

function lastWrite(paths: readonly string[]): { when: number; path: string } {
  let last = { when: 0, path: "" };
  for (const path of paths) {
    try {
      const when = statSync(path).mtimeMs;
      if (when > last.when) last = { when, path };
    } catch {
      // Not there, or not for us: it says nothing.
    }
  }
  return last;
}

/** Lines of /proc/net/udp: local port, inode, drops. */
function portFacts(ports: readonly number[]): HostFacts["ports"] {
  const table = text("/proc/net/udp");
  if (table === null) return UNREADABLE("the UDP sockets (/proc/net/udp)");
  const sockets = table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 12)
    .map((words) => ({
      port: Number.parseInt(words[1]!.split(":")[1]!, 16),
      inode: words[9]!,
      drops: Number(words[12]),
    }));
  return ports.map((port): PortFacts => {
    const own = sockets.filter((socket) => socket.port === port);
    return {
      port,
      bound: own.length > 0,
      holder: own.length > 0 ? holderOf(own[0]!.inode) : "",
      drops: own.reduce((sum, { drops }) => sum + drops, 0),
    };
  });
}

/** The process that has a socket, "" when it cannot be seen. */
function holderOf(inode: string): string {
  for (const { pid, name } of processes())
    for (const fd of names(`/proc/${pid}/fd`))
      if (linkTarget(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`) return `${name} (process ${pid})`;
  return "";
}

/** A folder, or the nearest one above it that is there. */
function folderFacts(path: string): FolderFacts {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const info = statfsSync(folder, { bigint: true });
      const mounted = mountFlags(folder);
      return { path: folder, free: Number(info.bavail * info.bsize), readOnly: (mounted & READ_ONLY) !== 0n };
    } catch {
      if (folder === dirname(folder)) return { path, free: -1, readOnly: false };
    }
  }
}

/** The flags of the mount that holds a folder, as far as /proc/self/mounts tells. */
function mountFlags(folder: string): bigint {
  let best = "";
  let flags = 0n;
  for (const line of (text("/proc/self/mounts") ?? "").split("\n")) {
    const [, where = "", , options = ""] = line.split(" ");
    const holds = folder === where || folder.startsWith(where === "/" ? "/" : `${where}/`);
    if (!holds || where.length < best.length) continue;
    best = where;
    flags = options.split(",").includes("ro") ? READ_ONLY : 0n;
  }
  return flags;
}
