// Starts real daemons for tests, each in a network namespace of its own so that devices and ports cannot collide.

import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../../../../", import.meta.url);
export const subnetrad = fileURLToPath(new URL("bin/subnetrad", root));
export const subnetra = fileURLToPath(new URL("bin/subnetra", root));

export const PSK = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";

/** A spoke's configuration; its hub does not exist. */
export function spokeConfig(keepalive = 0): string {
  return JSON.stringify({
    role: "spoke",
    local_id: 2,
    local_tun_ip: "10.77.0.2/24",
    listen_ports: [18020, 18021],
    keepalive_secs: keepalive,
    peers: [{ id: 1, endpoint: "127.0.0.1:18030", allowed_src: "10.77.0.0/24", psk: PSK }],
  });
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A daemon under test. Dispose of it in every case. */
export class Daemon {
  readonly directory = mkdtempSync(join(tmpdir(), "subnetra-daemon-"));
  readonly socket = join(this.directory, "control.sock");
  readonly config = join(this.directory, "config.json");
  readonly exited: Promise<Exit>;
  output = "";
  private readonly child: ChildProcess;

  /**
   * @param prefix a command before the daemon's own, such as setpriv
   * @param options.configPath another path to give the daemon instead of `config`
   * @param options.program the daemon and how to start it, by default the Node.js build
   * @param options.owner user id that owns the configuration and the directory
   */
  constructor(
    config: string,
    options: {
      prefix?: readonly string[];
      env?: NodeJS.ProcessEnv;
      configPath?: string;
      umask?: string;
      owner?: number;
      program?: readonly string[];
    } = {},
  ) {
    writeFileSync(this.config, config, { mode: 0o600 });
    if (options.owner !== undefined) {
      chownSync(this.config, options.owner, options.owner);
      chownSync(this.directory, options.owner, options.owner);
    }
    const daemon = [
      ...(options.program ?? [process.execPath, subnetrad]),
      "--config",
      options.configPath ?? this.config,
    ];
    const umask = `umask ${options.umask ?? "022"}; ip link set lo up; exec "$@"`;
    const command = ["--net", "sh", "-c", umask, "sh", ...(options.prefix ?? []), ...daemon];
    this.child = spawn("unshare", command, {
      env: { ...process.env, SUBNETRA_SOCK: this.socket, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding("latin1").on("data", (text: string) => {
        this.output += text;
      });
    this.exited = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve({ code, signal }));
    });
  }

  /** Process id: unshare, sh and setpriv execute the next program in the same process. */
  get pid(): number {
    return this.child.pid!;
  }

  /** Waits for the ready line. */
  async ready(): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!this.output.includes("[ready]")) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > deadline)
        throw new Error(`not ready: ${this.output}`);
      await sleep(20);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Runs a command in the daemon's network namespace. */
  inside(command: string[]): ChildProcess {
    return spawn("nsenter", ["--net", "-t", String(this.pid), ...command], {
      env: { ...process.env, SUBNETRA_SOCK: this.socket },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  async dispose(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** One line per thread: the values of some fields of its status. */
  threads(fields: string[]): string[] {
    return readdirSync(`/proc/${this.pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${this.pid}/task/${thread}/status`, "latin1");
      return fields.map((field) => status.match(new RegExp(`^${field}:\\s*(\\S+)`, "m"))?.[1]).join(" ");
    });
  }

  /** CPU time used so far, in clock ticks of 10 ms. */
  cpuTicks(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, "latin1").split(") ")[1]!.split(" ");
    return Number(stat[11]) + Number(stat[12]);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Output and exit code of a finished child process. */
export function finished(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    let out = "";
    let err = "";
    child.stdout!.setEncoding("latin1").on("data", (text: string) => {
      out += text;
    });
    child.stderr!.setEncoding("latin1").on("data", (text: string) => {
      err += text;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}
