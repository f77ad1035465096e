// Unix datagram sockets of a simulated machine: UnixSys of src/core/sys.ts.

import {
  EAGAIN,
  EBADF,
  ECONNREFUSED,
  EINVAL,
  EMSGSIZE,
  ENAMETOOLONG,
  ENOENT,
  EPERM,
  POLL_WRITE,
  UNIX_TEXT_LIMIT,
} from "../../core/sys.ts";
import type { FileTree } from "./file-tree.ts";

/** First descriptor number of a socket; files have smaller ones. */
export const FIRST_SOCKET = 1000;
const ENOTCONN = 107;
const LONGEST_ADDRESS = 108;

/** A socket of one process. */
export interface LocalSocket {
  address: string;
  peer: LocalSocket | null;
  readonly queue: { readonly text: string; readonly from: string }[];
  onReadable: () => void;
}

/** The names of sockets that have no file, one table for a machine. */
export class AbstractNames {
  private readonly sockets = new Map<string, LocalSocket>();
  private next = 1;

  get(address: string): LocalSocket | undefined {
    return this.sockets.get(address);
  }

  /** An unused name, as Linux makes them: a NUL and five hex digits. */
  take(socket: LocalSocket): string {
    const address = `\0${(this.next++).toString(16).padStart(5, "0")}`;
    this.sockets.set(address, socket);
    return address;
  }

  free(address: string): void {
    this.sockets.delete(address);
  }
}

/** The sockets of one process. */
export class LocalSockets {
  private readonly files: FileTree;
  private readonly names: AbstractNames;
  private readonly sockets: (LocalSocket | null)[] = [];
  private sender = "";

  constructor(files: FileTree, names: AbstractNames) {
    this.files = files;
    this.names = names;
  }

  get(fd: number): LocalSocket | null {
    return this.sockets[fd - FIRST_SOCKET] ?? null;
  }

  open(): number {
    return FIRST_SOCKET - 1 + this.sockets.push({ address: "", peer: null, queue: [], onReadable: () => {} });
  }

  bind(fd: number, path: string, mode: number): number {
    const socket = this.get(fd);
    if (socket === null) return -EBADF;
    if (socket.address !== "") return -EINVAL;
    if (path === "") {
      socket.address = this.names.take(socket);
      return 0;
    }
    if (path.length > LONGEST_ADDRESS) return -ENAMETOOLONG;
    const bound = this.files.bind(path, mode, socket);
    if (bound >= 0) socket.address = path;
    return bound;
  }

  connect(fd: number, address: string): number {
    const socket = this.get(fd);
    if (socket === null) return -EBADF;
    const peer = this.find(address);
    if (typeof peer === "number") return peer;
    if (peer.peer !== null && peer.peer !== socket) return -EPERM;
    socket.peer = peer;
    return 0;
  }

  send(fd: number, text: string, address: string): number {
    const socket = this.get(fd);
    if (socket === null) return -EBADF;
    if (text.length > UNIX_TEXT_LIMIT) return -EMSGSIZE;
    const to = address === "" ? this.connected(socket) : this.find(address);
    if (typeof to === "number") return to;
    // A connected socket hears its peer only.
    if (to.peer !== null && to.peer !== socket) return -EPERM;
    to.queue.push({ text, from: socket.address });
    to.onReadable();
    return 0;
  }

  receive(fd: number, limit: number): string | number {
    const socket = this.get(fd);
    if (socket === null) return -EBADF;
    const datagram = socket.queue.shift();
    if (datagram === undefined) return -EAGAIN;
    this.sender = datagram.from;
    return datagram.text.length > limit ? -EMSGSIZE : datagram.text;
  }

  lastSender(): string {
    return this.sender;
  }

  /** Whether a POLL_* event is there. */
  ready(fd: number, events: number): boolean {
    const socket = this.get(fd);
    return socket !== null && ((events & POLL_WRITE) !== 0 || socket.queue.length > 0);
  }

  close(fd: number): number {
    const socket = this.get(fd);
    if (socket === null) return -EBADF;
    this.sockets[fd - FIRST_SOCKET] = null;
    const file = this.files.get(socket.address);
    if (file?.kind === "socket" && file.socket === socket) file.socket = null;
    this.names.free(socket.address);
    socket.address = "";
    return 0;
  }

  /** Closes everything, as the end of a process does. */
  closeAll(): void {
    for (let i = 0; i < this.sockets.length; i++) this.close(FIRST_SOCKET + i);
  }

  private connected(socket: LocalSocket): LocalSocket | number {
    if (socket.peer === null) return -ENOTCONN;
    return socket.peer.address === "" ? -ECONNREFUSED : socket.peer;
  }

  private find(address: string): LocalSocket | number {
    if (address.length > LONGEST_ADDRESS) return -ENAMETOOLONG;
    if (address.startsWith("\0")) return this.names.get(address) ?? -ECONNREFUSED;
    const file = this.files.get(address);
    if (file === undefined) return -ENOENT;
    return file.kind === "socket" && file.socket !== null ? file.socket : -ECONNREFUSED;
  }
}
