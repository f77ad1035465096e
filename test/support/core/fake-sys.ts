// A small operating system in memory for the daemon's and the client's failure paths. The real ones are tested with
// real sockets and devices elsewhere.

import * as os from "../../../src/core/sys.ts";
import type { Engine } from "../../../src/engine/exports.ts";

/** 2026-01-01 in seconds. */
const NOW = 1767225600n;

export class FakeSys implements os.Sys {
  os: "linux" | "macos" = "linux";
  readonly sockaddrFamily = 2;
  readonly environment: { [name: string]: string } = {};
  /** Files by path; a directory is null. */
  readonly files: { [path: string]: Buffer | null } = Object.create(null);
  readonly modes: { [path: string]: number } = {};
  stdout = "";
  stderr = "";
  /** Every call that touches the outside, in order. */
  readonly log: string[] = [];
  /** Results to return instead of success, by call name or `name:argument`. */
  readonly failures: { [call: string]: number } = {};
  seconds = NOW;
  probe = -os.ENOENT;
  longestReply = Number.MAX_SAFE_INTEGER;
  private bound = false;
  readonly requests: string[] = [];
  readonly replies: string[] = [];
  /** What the daemon behind the client answers, by request. */
  answer: (request: string) => string | null = () => null;
  waits: number[] = [];

  readonly engine: Engine;
  private readonly open_: { path: string; at: number }[] = [];
  private ports = 0;
  private pending: string | null = null;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  private call(name: string, argument = ""): number {
    this.log.push(argument === "" ? name : `${name} ${argument}`);
    return this.failures[`${name}:${argument}`] ?? this.failures[name] ?? 0;
  }

  env(name: string): string | undefined {
    return this.environment[name];
  }

  print(stream: number, text: string): void {
    if (stream === os.STDOUT) this.stdout += text;
    else this.stderr += text;
  }

  dropPrivileges(): number {
    return this.call("dropPrivileges");
  }

  clock(offset: number): void {
    const view = new DataView(this.engine.u8.buffer);
    view.setBigUint64(offset, this.seconds, true);
    view.setBigUint64(offset + 8, 5n, true);
    view.setBigUint64(offset + 16, 100n, true);
    view.setBigUint64(offset + 24, 0n, true);
  }

  random(offset: number, length: number): number {
    this.engine.u8.fill(7, offset, offset + length);
    return this.call("random");
  }

  open(path: string, mode: number): number {
    const failed = this.call("open", path);
    if (failed < 0) return failed;
    if (mode === os.OPEN_WRITE_PRIVATE) this.files[path] = Buffer.alloc(0);
    else if (!(path in this.files) && mode === os.OPEN_READ) return -os.ENOENT;
    this.open_.push({ path, at: 0 });
    return 100 + this.open_.length - 1;
  }

  read(fd: number, offset: number, length: number): number {
    const failed = this.call("read");
    if (failed < 0) return failed;
    const file = this.open_[fd - 100]!;
    const bytes = this.files[file.path];
    if (bytes === null || bytes === undefined) return -os.EISDIR;
    // Short reads are normal.
    const part = bytes.subarray(file.at, file.at + Math.min(length, 5000));
    this.engine.u8.set(part, offset);
    file.at += part.length;
    return part.length;
  }

  write(fd: number, offset: number, length: number): number {
    const failed = this.failures.write;
    if (failed !== undefined) return failed;
    const file = this.open_[fd - 100]!;
    const part = Math.min(length, 700);
    this.files[file.path] = Buffer.concat([
      this.files[file.path]!,
      this.engine.u8.slice(offset, offset + part),
    ]);
    return part;
  }

  fsync(fd: number): number {
    return this.call("fsync", this.open_[fd - 100]!.path);
  }

  close(fd: number): number {
    return this.call("close", this.open_[fd - 100]!.path);
  }

  rename(from: string, to: string): number {
    const failed = this.call("rename", `${from} ${to}`);
    if (failed < 0) return failed;
    this.files[to] = this.files[from]!;
    delete this.files[from];
    return 0;
  }

  unlink(path: string): number {
    delete this.files[path];
    return this.call("unlink", path);
  }

  mkdir(path: string, mode: number): number {
    this.modes[path] = mode;
    return this.call("mkdir", path);
  }

  tunOpen(name: string): number {
    return this.call("tunOpen", name);
  }

  tunName(): string {
    return this.os === "macos" ? "utun7" : "snr0";
  }

  tunVnet(): number {
    return 0;
  }

  udpOpen(port: number): number {
    const failed = this.call("udpOpen", String(port));
    return failed < 0 ? failed : this.ports++;
  }

  udpSegments(): number {
    return 0;
  }

  wait(): number {
    return this.waits.length > 0 ? this.waits.shift()! : os.READY_STOP;
  }

  udpReceive(): number {
    return 0;
  }

  udpSend(): void {}

  tunReceive(): number {
    return 0;
  }

  tunSend(): void {}

  controlProbe(path: string): number {
    this.log.push(`controlProbe ${path}`);
    return this.probe;
  }

  controlBind(path: string): number {
    const failed = this.call("controlBind", path);
    this.bound = failed >= 0;
    return failed;
  }

  controlReceive(): string | null {
    return this.requests.shift() ?? null;
  }

  controlReply(text: string): number {
    if (text.length > this.longestReply) return -os.EMSGSIZE;
    this.replies.push(text);
    return 0;
  }

  clientOpen(reply: boolean): number {
    return this.call("clientOpen", String(reply));
  }

  clientSend(path: string, text: string): number {
    const failed = this.call("clientSend", `${path} ${text}`);
    if (failed >= 0) this.pending = this.answer(text);
    return failed;
  }

  clientReceive(timeoutMs: number): string | null {
    this.log.push(`clientReceive ${timeoutMs}`);
    return this.pending;
  }

  clientClose(): void {
    this.log.push("clientClose");
  }

  closeAll(): void {
    this.log.push("closeAll");
    if (this.bound && this.probe !== 0) this.probe = -os.ECONNREFUSED;
  }
}
