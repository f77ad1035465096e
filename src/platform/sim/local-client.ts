// The client's half of Sys on a simulated machine: environment, printing, and local datagram sockets.

import { type ClientSys, ECONNREFUSED, ENOENT } from "../../core/sys.ts";
import type { Machine } from "./machine.ts";

export class LocalClient implements ClientSys {
  readonly os = "linux";
  readonly machine: Machine;
  private readonly waiter: { readonly runUntil: (done: () => boolean, timeoutMs: number) => void };
  private replies: string[] = [];
  private wantsReply = false;

  /** @param waiter lets the world go on while the client waits */
  constructor(machine: Machine, waiter: LocalClient["waiter"]) {
    this.machine = machine;
    this.waiter = waiter;
  }

  env(name: string): string | undefined {
    return this.machine.env[name];
  }

  print(_stream: number, text: string): void {
    this.machine.printed.push(text);
  }

  clientOpen(reply: boolean): number {
    this.wantsReply = reply;
    this.replies = [];
    return 0;
  }

  clientSend(path: string, text: string): number {
    const entry = this.machine.files.get(path);
    if (entry === undefined) return -ENOENT;
    if (entry.kind !== "socket" || entry.listener === null) return -ECONNREFUSED;
    const { replies } = this;
    entry.listener.queue.push({ text, reply: this.wantsReply ? (answer) => replies.push(answer) : null });
    entry.listener.onReadable();
    return 0;
  }

  clientReceive(timeoutMs: number): string | null {
    this.waiter.runUntil(() => this.replies.length > 0, timeoutMs);
    return this.replies.shift() ?? null;
  }

  clientClose(): void {
    this.replies = [];
  }
}
