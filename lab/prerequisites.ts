// What the host must offer for a lab of network namespaces.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian package of each command a lab may use. */
const PACKAGES: Record<string, string> = {
  ip: "iproute2",
  nft: "nftables",
  ping: "iputils-ping",
  tcpdump: "tcpdump",
  taskset: "util-linux",
  tc: "iproute2",
  sysctl: "procps",
  iperf3: "iperf3",
  wg: "wireguard-tools",
  "wireguard-go": "wireguard-go",
  openssl: "openssl",
  faketime: "faketime",
  setpriv: "util-linux",
  prometheus: "prometheus",
  promtool: "prometheus",
};

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Full path of a command; administrators' folders are searched even when PATH lacks them. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return folders.map((folder) => join(folder || ".", name)).find(executable);
}

/** The named commands that are missing. */
export function missingCommands(names: readonly string[]): string[] {
  return names.filter((name) => findCommand(name) === undefined);
}

/** "apt-get install …" for commands, each package once. */
export function installHint(names: readonly string[]): string {
  const packages = new Set(names.map((name) => PACKAGES[name] ?? name));
  return `apt-get install ${[...packages].join(" ")}`;
}

/** Why network namespaces and TUN devices cannot be had here, or undefined when they can. */
export function labObstacle(): string | undefined {
  if (process.platform !== "linux") return "network namespaces need Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return "/dev/net/tun is not there (modprobe tun)";
  }
  return undefined;
}

/** Why a lab with these commands cannot run here, with the remedy; undefined when it can. */
export function labUnavailable(commands: readonly string[]): string | undefined {
  const obstacle = labObstacle();
  if (obstacle) return obstacle;
  const missing = missingCommands(commands);
  if (missing.length > 0) return `missing ${missing.join(", ")}: ${installHint(missing)}`;
  return undefined;
}
