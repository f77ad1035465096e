// A machine's file system in memory: files, directories and the nodes of local sockets. Paths are taken literally.

const ENOENT = 2;
const EEXIST = 17;
const EISDIR = 21;
const ENOTDIR = 20;

/** A datagram at a control socket; `reply` is null when the sender has no address. */
export interface ControlRequest {
  readonly text: string;
  readonly reply: ((text: string) => void) | null;
}

/** A bound local socket: the node stays when the listener is gone. */
export interface SocketNode {
  readonly kind: "socket";
  listener: { readonly queue: ControlRequest[]; readonly onReadable: () => void } | null;
}

interface FileNode {
  readonly kind: "file";
  bytes: Uint8Array;
}

type Entry = FileNode | SocketNode | { readonly kind: "directory" };

const DIRECTORY: Entry = { kind: "directory" };

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

export class FileTree {
  private readonly entries = new Map<string, Entry>();

  constructor() {
    for (const path of ["/", ".", "/etc", "/run", "/tmp", "/var", "/var/run"])
      this.entries.set(path, DIRECTORY);
  }

  get(path: string): Entry | undefined {
    return this.entries.get(path);
  }

  /** Creates a file or replaces its contents. 0 or -errno. */
  writeFile(path: string, bytes: Uint8Array): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    const entry = this.entries.get(path);
    if (entry !== undefined && entry.kind !== "file") return entry.kind === "directory" ? -EISDIR : -EEXIST;
    this.entries.set(path, { kind: "file", bytes });
    return 0;
  }

  readFile(path: string): Uint8Array | null {
    const entry = this.entries.get(path);
    return entry?.kind === "file" ? entry.bytes : null;
  }

  bind(path: string, node: SocketNode): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    if (this.entries.has(path)) return -EEXIST;
    this.entries.set(path, node);
    return 0;
  }

  mkdir(path: string): number {
    const place = this.placeFor(path);
    if (place < 0) return place;
    if (this.entries.has(path)) return -EEXIST;
    this.entries.set(path, DIRECTORY);
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

  /** 0 when something can be created at the path. */
  private placeFor(path: string): number {
    const parent = this.entries.get(parentOf(path));
    if (parent === undefined) return -ENOENT;
    return parent.kind === "directory" ? 0 : -ENOTDIR;
  }
}
