// The client's half of Sys on a simulated machine: environment, printing, reading files, and local datagram sockets.

import {
  type ClientSys,
  EBADF,
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  OPEN_CREATE,
  OPEN_DIRECTORY,
  OPEN_LOCK,
  OPEN_PUBLIC,
  STDERR,
  STDIN,
  STDOUT,
} from "../../core/sys.ts";
import type { Entry } from "./file-tree.ts";
import { FIRST_SOCKET, LocalSockets } from "./local-sockets.ts";
import type { Machine } from "./machine.ts";

/** What lets the world go on while a client waits. */
export interface Waiter {
  readonly runUntil: (done: () => boolean, timeoutMs: number) => void;
  /** The world's time in ms. */
  readonly milliseconds: () => number;
}

/** Descriptors below are the standard streams. */
const FIRST_FILE = 3;

interface OpenFile {
  readonly path: string;
  readonly entry: Entry;
  position: number;
}

export class LocalClient implements ClientSys {
  os: "linux" | "macos" = "linux";
  readonly machine: Machine;
  readonly local: LocalSockets;
  protected readonly opened: (OpenFile | null)[] = [null, null, null];
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

  open(path: string, mode: number): number {
    const { files } = this.machine;
    const entry = files.get(path);
    if (mode === OPEN_CREATE || mode === OPEN_LOCK || mode === OPEN_PUBLIC) {
      if (entry !== undefined && mode !== OPEN_LOCK) return -EEXIST;
      if (entry !== undefined && entry.kind !== "file") return -EISDIR;
      const created = entry === undefined ? files.writeFile(path, new Uint8Array(0)) : 0;
      if (created < 0) return created;
      if (mode === OPEN_PUBLIC) files.chmod(path, 0o644);
    } else {
      if (entry === undefined) return -ENOENT;
      if (mode === OPEN_DIRECTORY && entry.kind !== "directory") return -EINVAL;
    }
    return this.opened.push({ path, entry: files.get(path)!, position: 0 }) - 1;
  }

  readText(fd: number, limit: number): string | number {
    const part = this.take(fd, limit);
    return typeof part === "number" ? part : Buffer.from(part).toString("latin1");
  }

  /** The next bytes of a file, or of the standard input. */
  protected take(fd: number, length: number): Uint8Array | number {
    if (fd === STDIN) return Uint8Array.from(this.machine.input.splice(0, length));
    const file = this.opened[fd];
    if (file == null) return -EBADF;
    const bytes = this.machine.files.readFile(file.path);
    if (bytes === null) return -EISDIR;
    const part = bytes.subarray(file.position, file.position + length);
    file.position += part.length;
    return part;
  }

  /** Closes all files. */
  protected forgetFiles(): void {
    this.opened.length = FIRST_FILE;
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
    // What is printed is kept at once.
    if (fd === STDOUT || fd === STDERR) return 1;
    const done = (): boolean => this.local.ready(fd, events);
    if (!done() && timeoutMs > 0) this.waiter.runUntil(done, timeoutMs);
    return done() ? 1 : 0;
  }

  close(fd: number): number {
    if (fd >= FIRST_SOCKET) return this.local.close(fd);
    if (this.opened[fd] == null) return -EBADF;
    this.opened[fd] = null;
    return 0;
  }
}
