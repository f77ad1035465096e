// Child processes of a lab: started in a namespace, their output kept, ended by process id.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";

const STOP_GRACE_MS = 3000;

export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. A command that cannot be started throws. */
export function run(
  command: readonly string[],
  options: { input?: string; timeoutMs?: number } = {},
): Result {
  const result = spawnSync(command[0]!, command.slice(1), {
    encoding: "utf8",
    input: options.input ?? "",
    timeout: options.timeoutMs ?? 60000,
    maxBuffer: 64 << 20,
  });
  if (result.error) throw new Error(`${command.join(" ")}: ${result.error.message}`);
  return { status: result.status ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/** Runs a command that must succeed; returns its standard output. */
export function must(command: readonly string[], input?: string): string {
  const result = run(command, input === undefined ? {} : { input });
  if (result.status !== 0) {
    throw new Error(`${command.join(" ")}: exit ${result.status}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `probe` every `everyMs` until it answers something; throws with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => T | undefined | false,
  everyMs = 50,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(everyMs);
  }
}

/** A running child whose output is collected. */
export class LabProcess {
  readonly name: string;
  readonly pid: number;
  stdout = "";
  stderr = "";
  /** Exit status, 128 when a signal killed it; undefined while it runs. */
  exitCode: number | undefined;
  private readonly child: ChildProcess;
  private readonly ended: Promise<number>;

  constructor(name: string, command: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name;
    this.child = spawn(command[0]!, command.slice(1), { env, stdio: ["pipe", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.stderr += `${error.message}\n`;
        this.finish(127, resolve);
      });
      this.child.on("close", (code) => this.finish(code ?? 128, resolve));
    });
    this.pid = this.child.pid ?? -1;
    this.child.stdin?.on("error", () => {});
    this.child.stdin?.end();
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  private finish(code: number, resolve: (code: number) => void): void {
    this.exitCode ??= code;
    resolve(this.exitCode);
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Waits until the output matches; throws when the process ends or time runs out first. */
  async seen(pattern: RegExp, timeoutMs = 10000): Promise<RegExpExecArray> {
    return until(`${this.name} to print ${pattern}\n${this.output}`, timeoutMs, () => {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (this.exitCode !== undefined) {
        throw new Error(`${this.name} ended with ${this.exitCode} before ${pattern}:\n${this.output}`);
      }
      return undefined;
    });
  }

  /** Waits for the end; throws when it does not come in time. */
  async exited(timeoutMs = 10000): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} still runs after ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([this.ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exitCode === undefined && this.pid > 0) this.child.kill(signal);
  }

  /** Ends it: `signal`, and SIGKILL when that is not enough. Returns the exit status. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.signal(signal);
    try {
      return await this.exited(STOP_GRACE_MS);
    } catch {
      this.signal("SIGKILL");
      return this.exited(STOP_GRACE_MS);
    }
  }
}
