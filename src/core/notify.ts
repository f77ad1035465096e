// Telling the service manager how the node does, daemon-cli.md §10: sd_notify(3) over Sys's unix datagrams.

import { NO_ALARM } from "../engine/abi.ts";
import type { Task } from "./schedule.ts";
import type { Sys } from "./sys.ts";

/** Seconds between two looks at the peers. */
const LOOK_SECONDS = 5;

/** What a service manager listens on. */
export class Notifier implements Task {
  private readonly sys: Sys;
  private readonly address: string;
  private readonly fd: number;
  private readonly online: () => number;
  private readonly total: number;
  private told = "";
  due = NO_ALARM;

  /**
   * The notifier for NOTIFY_SOCKET, or null without it. Make it after dropPrivileges.
   *
   * @param total number of peers
   * @param online how many of them are online now
   */
  static open(sys: Sys, total: number, online: () => number): Notifier | null {
    const name = sys.env("NOTIFY_SOCKET");
    if (name === undefined || name.length < 2) return null;
    const first = name.charAt(0);
    if (first !== "/" && first !== "@") return null;
    const fd = sys.unixOpen(0);
    if (fd < 0) return null;
    return new Notifier(sys, fd, first === "@" ? `\0${name.substring(1)}` : name, total, online);
  }

  private constructor(sys: Sys, fd: number, address: string, total: number, online: () => number) {
    this.sys = sys;
    this.fd = fd;
    this.address = address;
    this.total = total;
    this.online = online;
  }

  /** The node is ready. */
  ready(now: number): void {
    this.told = this.status();
    this.due = now + LOOK_SECONDS;
    this.send(`READY=1\n${this.told}`);
  }

  /** What arrives is told with the next look. */
  stir(): void {}

  /** Tells the number of peers online, when a look is due and it has changed. */
  look(now: number): void {
    if (now < this.due) return;
    this.due = now + LOOK_SECONDS;
    const status = this.status();
    if (status === this.told) return;
    // A full queue: once more at the next look.
    if (this.send(status) >= 0) this.told = status;
  }

  /** The node stops. */
  stopping(): void {
    this.send("STOPPING=1\nSTATUS=stopping");
    this.sys.close(this.fd);
  }

  private status(): string {
    return `STATUS=${this.online()} of ${this.total} peers online`;
  }

  private send(text: string): number {
    return this.sys.unixSend(this.fd, text, this.address);
  }
}
