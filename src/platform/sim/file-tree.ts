// A machine's file system in memory: files, directories and local sockets. Paths are taken literally.

import { EADDRINUSE, EEXIST, EISDIR, ENOENT } from "../../core/sys.ts";
import type { LocalSocket } from "./local-sockets.ts";

const ENOTDIR = 20;

/** A bound local socket: its file stays when the socket is gone. */
export interface SocketFile {
  readonly kind: "socket";
  readonly mode: number;
  readonly inode: number;
  socket: LocalSocket | null;
}

interface FileNode {
  readonly kind: "file";
  mode: number;
  owner: number;
  readonly inode: number;
  bytes: Uint8Array;
}

interface Directory {
  readonly kind: "directory";
  readonly mode: number;
  readonly inode: number;
}

export type Entry = FileNode | SocketFile | Directory;

const DIRECTORY_MODE = 0o755;

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

export class FileTree {
  private readonly entries = new Map<string, Entry>();
  private inodes = 0;

  constructor() {
    for (const path of ["/", ".", "/etc", "/run", "/tmp", "/var", "/var/run"])
      this.entries.set(path, this.directory(DIRECTORY_MODE));
  }

  get(path: string): Entry | undefined {
    return this.entries.get(path);
  }

  /** Creates a file or replaces its contents, for its owner alone when it is new. 0 or -errno. */
  writeFile(path: string, bytes: Uint8Array): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    const entry = this.entries.get(path);
    if (entry !== undefined && entry.kind !== "file") return entry.kind === "directory" ? -EISDIR : -EEXIST;
    if (entry !== undefined) entry.bytes = bytes;
    else this.entries.set(path, { kind: "file", mode: 0o600, owner: 0, inode: ++this.inodes, bytes });
    return 0;
  }

  /** Gives a file another mode and owner. */
  chmod(path: string, mode: number, owner = 0): void {
    const entry = this.entries.get(path);
    if (entry?.kind !== "file") throw new Error(`no file ${path}`);
    entry.mode = mode;
    entry.owner = owner;
  }

  readFile(path: string): Uint8Array | null {
    const entry = this.entries.get(path);
    return entry?.kind === "file" ? entry.bytes : null;
  }

  bind(path: string, mode: number, socket: LocalSocket): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    if (this.entries.has(path)) return -EADDRINUSE;
    this.entries.set(path, { kind: "socket", mode, inode: ++this.inodes, socket });
    return 0;
  }

  mkdir(path: string, mode: number = DIRECTORY_MODE): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    if (this.entries.has(path)) return -EEXIST;
    this.entries.set(path, this.directory(mode));
    return 0;
  }

  unlink(path: string): number {
    const entry = this.entries.get(path);
    if (entry === undefined) return -ENOENT;
    if (entry.kind === "directory") return -EISDIR;
    this.entries.delete(path);
    return 0;
  }

  rename(from: string, to: string): number {
    const entry = this.entries.get(from);
    if (entry === undefined) return -ENOENT;
    const place = this.placeFor(to);
    if (place < 0) return place;
    this.entries.set(to, entry);
    this.entries.delete(from);
    return 0;
  }

  private directory(mode: number): Directory {
    return { kind: "directory", mode, inode: ++this.inodes };
  }

  /** 0 when something can be created at the path. */
  private placeFor(path: string): number {
    const parent = this.entries.get(parentOf(path));
    if (parent === undefined) return -ENOENT;
    return parent.kind === "directory" ? 0 : -ENOTDIR;
  }
}
