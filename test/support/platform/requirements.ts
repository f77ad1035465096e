// What some tests need of the machine. A missing prerequisite skips, except in CI, where it fails.

import { accessSync, constants } from "node:fs";

function hasTun(): boolean {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function skip(reason: string, met: boolean): string | false {
  return met || process.env.CI === "true" ? false : reason;
}

export const isRoot = process.getuid?.() === 0;

/** Value of a test's `skip` option: false, or why it cannot run here. */
export const needsRoot = skip("needs root", isRoot);
export const needsTun = skip("needs root and /dev/net/tun", isRoot && hasTun());
