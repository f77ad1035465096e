// A lab: named network namespaces joined by veth pairs, with everything started in them, and nothing left behind.
//
// Names carry the id of the process that made them, so a later run recognises and removes what a killed run left.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabProcess, must, type Result, run } from "./process.ts";

const TAG = "snlab";
const OWNER = new RegExp(`^${TAG}-(\\d+)-`);
const NETNS_FOLDER = "/run/netns";

const open = new Set<Lab>();
let hooked = false;

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Ends every process inside a namespace of ours and removes it. */
function removeNamespace(name: string): void {
  for (const pid of run(["ip", "netns", "pids", name]).stdout.split("\n")) {
    if (/^\d+$/.test(pid)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
  }
  run(["ip", "netns", "del", name]);
}

/** Detaches every file system mounted at or below `folder`, the last mounted first. */
function detach(folder: string): void {
  const points = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
  for (const point of points.reverse()) run(["umount", "--lazy", point]);
}

function removeFolder(folder: string): void {
  detach(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Removes what runs that no longer live left behind; what cannot be removed is told, and stops nobody. */
function sweep(): void {
  const stale = (name: string) => {
    const owner = OWNER.exec(name);
    return owner !== null && !alive(Number(owner[1]));
  };
  list(NETNS_FOLDER).filter(stale).forEach(removeNamespace);
  for (const name of list(tmpdir()).filter(stale)) {
    try {
      removeFolder(join(tmpdir(), name));
    } catch (error) {
      console.error(`lab: ${name} of an earlier run stays behind: ${(error as Error).message}`);
    }
  }
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  process.on("exit", () => {
    for (const lab of open) lab.close();
  });
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => process.exit(status));
  }
}

export class Lab {
  /** A private folder for configurations, sockets and captures. */
  readonly folder: string;
  /** Everything any process of this lab printed, for searches after the fact. */
  readonly processes: LabProcess[] = [];
  readonly results: Result[] = [];
  private readonly prefix: string;
  private readonly namespaces: string[] = [];
  private readonly closers: (() => void)[] = [];

  /** `label` tells apart several labs of one process: lower-case letters and digits. */
  constructor(label: string) {
    sweep();
    hook();
    this.prefix = `${TAG}-${process.pid}-${label}`;
    this.folder = mkdtempSync(join(tmpdir(), `${this.prefix}-`));
    open.add(this);
  }

  /** Creates a namespace with its loopback up. Returns its full name. */
  addNamespace(name: string): string {
    const full = `${this.prefix}-${name}`;
    must(["ip", "netns", "add", full]);
    this.namespaces.push(name);
    this.ip(name, "link set lo up");
    return full;
  }

  fullName(namespace: string): string {
    return `${this.prefix}-${namespace}`;
  }

  /** Joins two namespaces by a veth pair; each end has a name and an address with prefix length. */
  connect(a: { ns: string; dev: string; ip?: string }, b: { ns: string; dev: string; ip?: string }): void {
    must(
      `ip link add ${a.dev} netns ${this.fullName(a.ns)} type veth peer name ${b.dev} netns ${this.fullName(b.ns)}`.split(
        " ",
      ),
    );
    for (const end of [a, b]) {
      if (end.ip) this.ip(end.ns, `addr add ${end.ip} dev ${end.dev}`);
      this.ip(end.ns, `link set ${end.dev} up`);
    }
  }

  /** Runs `ip <words>` in a namespace; it must succeed. */
  ip(namespace: string, words: string): string {
    return must(["ip", "-n", this.fullName(namespace), ...words.split(" ")]);
  }

  /** Applies nftables commands in a namespace. */
  nft(namespace: string, rules: string): void {
    must(this.inside(namespace, ["nft", "-f", "-"]), rules);
  }

  sysctl(namespace: string, setting: string): void {
    must(this.inside(namespace, ["sysctl", "-qw", setting]));
  }

  /** The command line that runs `command` in a namespace. */
  inside(namespace: string, command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.fullName(namespace), ...command];
  }

  /** Runs a command in a namespace to its end. */
  exec(namespace: string, command: readonly string[], timeoutMs?: number): Result {
    const result = run(this.inside(namespace, command), timeoutMs === undefined ? {} : { timeoutMs });
    this.results.push(result);
    return result;
  }

  /** Starts a command in a namespace; it ends with the lab at the latest. */
  start(
    namespace: string,
    name: string,
    command: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): LabProcess {
    const child = new LabProcess(name, this.inside(namespace, command), { ...process.env, ...env });
    this.processes.push(child);
    return child;
  }

  /** A path in the lab's folder, below a folder of its own for `owner`. */
  path(owner: string, file: string): string {
    const folder = join(this.folder, owner);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return join(folder, file);
  }

  /** Mounts a memory file system of at most `size` (as mount(8) takes it) on a folder of this lab. */
  mountMemory(folder: string, size: string): void {
    must(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  }

  /** Makes this lab's folder visible at its own path below another root file system, for what runs in there. */
  share(root: string): void {
    const place = join(root, this.folder);
    if (existsSync(place)) return;
    mkdirSync(place, { recursive: true });
    must(["mount", "--bind", this.folder, place]);
    this.atClose(() => {
      must(["umount", "--lazy", place]);
      rmdirSync(place);
    });
  }

  /** Has `action` done when the lab closes, however that comes about. */
  atClose(action: () => void): void {
    this.closers.push(action);
  }

  /** Stops everything and removes every trace. Safe to call again. */
  close(): void {
    if (!open.delete(this)) return;
    for (const action of this.closers) action();
    for (const child of this.processes) child.signal("SIGKILL");
    for (const name of this.namespaces) removeNamespace(this.fullName(name));
    removeFolder(this.folder);
  }
}
