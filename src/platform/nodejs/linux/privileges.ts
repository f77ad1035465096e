// Running without capabilities, daemon-cli.md §4.
//
// Capabilities belong to threads, and Node has helper threads before our first line runs. So the process gives them
// up in its main thread and executes itself again: the new image starts with one thread, which has none, and every
// thread it makes inherits that. Even for root nothing comes back: no_new_privs is set and the permitted set empty.

import { EPERM } from "../../../core/sys.ts";
import {
  allThreadsUnprivileged,
  clearCapabilities,
  forbidNewPrivileges,
  holdsCapabilities,
} from "./capabilities.ts";
import { Handoff, takeHandoff } from "./handoff.ts";
import { restart } from "./restart.ts";

export class Privileges {
  /** What the privileged image left, in the second image. */
  readonly inherited: Handoff | null = takeHandoff();
  /** What this image collects for the next one; null when there will be none. */
  readonly collected: Handoff | null;

  /** @param mayRestart whether the process is ours to execute again */
  constructor(mayRestart: boolean) {
    this.collected = mayRestart && this.inherited === null && holdsCapabilities() ? new Handoff() : null;
  }

  /** Sys.dropPrivileges. Does not return in an image with capabilities, unless it fails. */
  drop(): number {
    this.inherited?.close();
    const result = forbidNewPrivileges();
    if (result !== 0) return result;
    const cleared = holdsCapabilities() ? clearCapabilities() : 0;
    if (cleared !== 0) return cleared;
    if (this.collected === null) return allThreadsUnprivileged() ? 0 : -EPERM;
    this.collected.export();
    return restart();
  }
}
