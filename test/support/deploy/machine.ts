// A Debian machine for one test: the cached root with a layer of its own over it; commands in it by chroot, or with a real
// systemd as its first process (systemd-nspawn, a network of its own).

import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { findCommand, labObstacle } from "../../../lab/prerequisites.ts";
import { must, type Result, run, until } from "../../../lab/process.ts";
import { root } from "../../../lab/project.ts";

const DEBIAN_ROOT = join(root, ".cache/debian-bookworm");
const BOOT_MS = 60000;

/** In CI a test that cannot run has failed. */
export const gate = process.env.CI === "true" || process.env.SUBNETRA_RELEASE_GATE === "1";

/** Why there can be no machine here, or false. */
export function noMachine(): string | false {
  if (gate) return false;
  const obstacle = labObstacle();
  if (obstacle !== undefined) return obstacle;
  if (!existsSync(DEBIAN_ROOT)) return "no Debian root: npm run test:deploy -- --install";
  if (findCommand("systemd-nspawn") === undefined) return "apt-get install systemd-container";
  return false;
}

let machines = 0;

export class Machine {
  private readonly name = `subnetra-test-${process.pid}-${++machines}`;
  readonly folder = mkdtempSync(join(tmpdir(), "subnetra-machine-"));
  readonly root = join(this.folder, "root");
  private container: ChildProcess | undefined;
  private init = 0;
  private output = "";

  constructor() {
    for (const name of ["root", "upper", "work"]) mkdirSync(join(this.folder, name));
    const layers = `lowerdir=${DEBIAN_ROOT},upperdir=${join(this.folder, "upper")},workdir=${join(this.folder, "work")}`;
    must(["mount", "-t", "overlay", "overlay", "-o", layers, this.root]);
  }

  write(path: string, content: string, mode = 0o644): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
  }

  /** Lays a file of the project into /root. Returns its path in the machine. */
  bring(file: string): string {
    const path = join("/root", basename(file));
    copyFileSync(join(root, file), join(this.root, path));
    return path;
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Starts systemd. @param binds what of the host is seen in it, as systemd-nspawn has it */
  async boot(binds: readonly string[] = []): Promise<void> {
    const args = [
      "--quiet",
      "--register=no",
      "--keep-unit",
      `--directory=${this.root}`,
      `--machine=${this.name}`,
      "--private-network",
      "--bind=/dev/net/tun",
      "--capability=CAP_NET_ADMIN",
      "--console=pipe",
      "--boot",
      ...binds.map((bind) => `--bind-ro=${bind}`),
    ];
    const container = spawn("systemd-nspawn", args, { stdio: ["ignore", "pipe", "pipe"] });
    this.container = container;
    for (const stream of [container.stdout, container.stderr])
      stream?.on("data", (chunk) => {
        this.output += chunk;
      });
    await until("systemd is the first process", BOOT_MS, () => {
      if (container.exitCode !== null) throw new Error(`systemd-nspawn ended: ${this.output}`);
      this.init = childOf(container.pid!);
      return this.init > 0;
    });
    await until("the machine has started", BOOT_MS, () =>
      /running|degraded/.test(this.run(["systemctl", "is-system-running"]).stdout),
    );
  }

  /** Runs a command in the machine. */
  run(command: readonly string[], input?: string): Result {
    const enter = this.init > 0 ? ["nsenter", "--target", String(this.init), "--all"] : ["chroot", this.root];
    return run([...enter, "/usr/bin/env", "-i", ...ENVIRONMENT, ...command], { input: input ?? "" });
  }

  /** Runs a command that must succeed. Returns its standard output. */
  must(...command: string[]): string {
    const { status, stdout, stderr } = this.run(command);
    if (status !== 0) throw new Error(`${command.join(" ")}: exit ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Joins this started machine with another by a link `eth0`; each end has an address with prefix length. */
  connect(address: string, other: Machine, otherAddress: string): void {
    const ends = [
      [this, address],
      [other, otherAddress],
    ] as const;
    const [near, far] = ends.map(([machine]) => String(machine.init));
    const words = `ip link add eth0 netns ${near} type veth peer name eth0 netns ${far}`;
    must(words.split(" "));
    for (const [machine, own] of ends) {
      machine.must("ip", "addr", "add", own, "dev", "eth0");
      for (const name of ["lo", "eth0"]) machine.must("ip", "link", "set", name, "up");
    }
  }

  property(unit: string, name: string): string {
    return this.must("systemctl", "show", "--value", "-p", name, unit).trim();
  }

  journal(unit: string): string {
    return this.must("journalctl", "--no-pager", "-o", "cat", "-u", unit);
  }

  /** Ends the machine's processes. */
  async powerOff(): Promise<void> {
    const container = this.container;
    if (container === undefined || container.exitCode !== null) return;
    const ended = new Promise((resolve) => container.once("exit", resolve));
    if (this.init > 0) this.run(["systemctl", "poweroff", "--no-block"]);
    const hard = setTimeout(() => container.kill("SIGKILL"), 20000);
    await ended;
    clearTimeout(hard);
    this.init = 0;
    this.container = undefined;
  }

  async close(): Promise<void> {
    await this.powerOff();
    run(["umount", "--lazy", this.root]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const ENVIRONMENT = [
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "LC_ALL=C",
  "DEBIAN_FRONTEND=noninteractive",
];

/** The process below this one that is a systemd in another PID namespace, or 0. */
function childOf(pid: number): number {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ")) {
      if (child === "") continue;
      try {
        if (readFileSync(`/proc/${child}/comm`, "utf8").trim() === "systemd") return Number(child);
      } catch {
        // It has just ended.
      }
    }
  }
  return 0;
}
