// The client's half of Sys on a simulated machine: environment, printing, and local datagram sockets.

import type { ClientSys } from "../../core/sys.ts";
import { LocalSockets } from "./local-sockets.ts";
import type { Machine } from "./machine.ts";

/** What lets the world go on while a client waits. */
export interface Waiter {
  readonly runUntil: (done: () => boolean, timeoutMs: number) => void;
  /** The world's time in ms. */
  readonly milliseconds: () => number;
}

export class LocalClient implements ClientSys {
  os: "linux" | "macos" = "linux";
  readonly machine: Machine;
  readonly local: LocalSockets;
  private readonly waiter: Waiter;

  constructor(machine: Machine, waiter: Waiter) {
    this.machine = machine;
    this.waiter = waiter;
    this.local = new LocalSockets(machine.files, machine.names);
  }

  env(name: string): string | undefined {
    return this.machine.env[name];
  }

  print(_stream: number, text: string): void {
    this.machine.printed.push(text);
  }

  milliseconds(): number {
    return this.waiter.milliseconds();
  }

  unixOpen(_buffer: number): number {
    return this.local.open();
  }

  unixBind(fd: number, path: string, mode: number): number {
    return this.local.bind(fd, path, mode);
  }

  unixConnect(fd: number, address: string): number {
    return this.local.connect(fd, address);
  }

  unixSend(fd: number, text: string, address: string): number {
    return this.local.send(fd, text, address);
  }

  unixReceive(fd: number, limit: number): string | number {
    return this.local.receive(fd, limit);
  }

  unixSender(): string {
    return this.local.lastSender();
  }

  poll(fd: number, events: number, timeoutMs: number): number {
    const done = (): boolean => this.local.ready(fd, events);
    if (!done() && timeoutMs > 0) this.waiter.runUntil(done, timeoutMs);
    return done() ? 1 : 0;
  }

  close(fd: number): number {
    return this.local.close(fd);
  }
}
