// The operating systems this platform runs on: the one place that picks a folder by process.platform.

import type * as linuxSystem from "./linux/system.ts";
import type * as linuxUnix from "./linux/unix.ts";

/** What a system's folder provides, in system.ts. */
export type System = typeof linuxSystem;
/** Unix datagram sockets, in unix.ts, apart so that the client starts fast. */
export type UnixSockets = typeof linuxUnix;

/** Thrown where Subnetra does not run. `message` is for people. */
export class UnsupportedSystem extends Error {
  constructor(platform: string) {
    super(`Subnetra does not run on ${platform} yet: it needs Linux`);
    this.name = "UnsupportedSystem";
  }
}

/** Name of this system as Sys.os has it. @throws UnsupportedSystem */
export function systemName(): "linux" {
  if (process.platform !== "linux") throw new UnsupportedSystem(process.platform);
  return process.platform;
}

/** @throws UnsupportedSystem */
export async function loadSystem(): Promise<System> {
  systemName();
  return import("./linux/system.ts");
}

/** @throws UnsupportedSystem */
export async function loadUnixSockets(): Promise<UnixSockets> {
  systemName();
  return import("./linux/unix.ts");
}
