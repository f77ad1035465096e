// The simulated machine of src/platform/sim as the daemon's and the client's failure paths need it: every call that
// touches the outside is noted and can be made to fail. The real systems are tested with real sockets elsewhere.

import * as os from "../../../src/core/sys.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { LocalSockets } from "../../../src/platform/sim/local-sockets.ts";
import { SimSys } from "../../../src/platform/sim/sim-sys.ts";
import { World } from "../../../src/platform/sim/world.ts";

/** 2026-01-01 in seconds. */
const NOW = 1767225600n;
/** Short reads and writes are normal. */
const SHORT_READ = 5000;
const SHORT_WRITE = 700;

/** A process of the same machine with a socket at `path`, which answers what `answer` gives. */
export class FakeDaemon {
  readonly heard: string[] = [];
  private readonly sockets: LocalSockets;
  private readonly fd: number;

  constructor(sys: FakeSys, path: string, answer: (request: string) => string | null = () => null) {
    this.sockets = new LocalSockets(sys.machine.files, sys.machine.names);
    this.fd = this.sockets.open();
    this.sockets.bind(this.fd, path, 0o600);
    this.sockets.get(this.fd)!.onReadable = () => {
      const request = this.sockets.receive(this.fd, os.UNIX_TEXT_LIMIT) as string;
      this.heard.push(request);
      const reply = answer(request);
      if (reply !== null) this.sockets.send(this.fd, reply, this.sockets.lastSender());
    };
  }

  /** Dies and leaves its socket file. */
  die(): void {
    this.sockets.closeAll();
  }
}

export class FakeSys extends SimSys {
  stdout = "";
  stderr = "";
  /** Every call that touches the outside, in order. */
  readonly log: string[] = [];
  /** Results to return instead of success, by call name or `name:argument`. */
  readonly failures: { [call: string]: number } = {};
  seconds = NOW;
  /** What wait() returns, then READY_STOP; null for what happens on the machine. */
  waits: number[] | null = [];
  /** Permission bits that every socket file gets whatever is asked for, as on file systems without modes. */
  socketMode = -1;
  private readonly outside: World;
  private waited = 0;
  private readonly paths: { [fd: number]: string } = {};

  constructor(engine: Engine) {
    const world = new World(1);
    super(world.addMachine("fake", { addresses: [0x0a000001] }), engine, world);
    this.outside = world;
  }

  /** Files by path; a directory is null. */
  readonly files: { [path: string]: Buffer | null | undefined } = new Proxy(
    {},
    {
      get: (_, path: string) => {
        const bytes = this.machine.files.readFile(path);
        return bytes === null ? undefined : Buffer.from(bytes);
      },
      set: (_, path: string, bytes: Buffer | null) => {
        if (bytes === null) this.machine.files.unlink(path);
        const result =
          bytes === null ? this.machine.files.mkdir(path) : this.machine.files.writeFile(path, bytes);
        return result === 0;
      },
    },
  );

  get environment(): { [name: string]: string } {
    return this.machine.env;
  }

  private call(name: string, argument = ""): number {
    this.log.push(argument === "" ? name : `${name} ${argument}`);
    return this.failures[`${name}:${argument}`] ?? this.failures[name] ?? 0;
  }

  override print(stream: number, text: string): void {
    if (stream === os.STDOUT) this.stdout += text;
    else this.stderr += text;
  }

  override dropPrivileges(): number {
    return this.call("dropPrivileges");
  }

  override milliseconds(): number {
    return this.waited;
  }

  override clock(offset: number): void {
    this.engine.u8.fill(0, offset, offset + 32);
    const view = new DataView(this.engine.u8.buffer);
    view.setBigUint64(offset, this.seconds, true);
    view.setBigUint64(offset + 8, 5n, true);
    view.setBigUint64(offset + 16, 100n, true);
    view.setBigUint64(offset + 24, 0n, true);
  }

  override random(offset: number, length: number): number {
    const failed = this.call("random");
    return failed < 0 ? failed : super.random(offset, length);
  }

  override open(path: string, mode: number): number {
    const failed = this.call("open", path);
    if (failed < 0) return failed;
    const fd = super.open(path, mode);
    this.paths[fd] = path;
    return fd;
  }

  override read(fd: number, offset: number, length: number): number {
    const failed = this.call("read");
    return failed < 0 ? failed : super.read(fd, offset, Math.min(length, SHORT_READ));
  }

  override write(fd: number, offset: number, length: number): number {
    return this.failures.write ?? super.write(fd, offset, Math.min(length, SHORT_WRITE));
  }

  override fsync(fd: number): number {
    const failed = this.call("fsync", this.paths[fd]);
    return failed < 0 ? failed : super.fsync(fd);
  }

  override close(fd: number): number {
    const path = this.paths[fd];
    delete this.paths[fd];
    // The machine closes it in any case, as Linux does.
    const closed = super.close(fd);
    const failed = path === undefined ? 0 : this.call("close", path);
    return failed < 0 ? failed : closed;
  }

  override rename(from: string, to: string): number {
    const failed = this.call("rename", `${from} ${to}`);
    return failed < 0 ? failed : super.rename(from, to);
  }

  override unlink(path: string): number {
    const failed = this.call("unlink", path);
    return failed < 0 ? failed : super.unlink(path);
  }

  override mkdir(path: string, mode: number): number {
    const failed = this.call("mkdir", path);
    return failed < 0 ? failed : super.mkdir(path, mode);
  }

  override tunOpen(name: string): number {
    const failed = this.call("tunOpen", name);
    return failed < 0 ? failed : super.tunOpen(name);
  }

  override tunName(): string {
    return this.os === "macos" ? "utun7" : super.tunName();
  }

  override udpOpen(port: number): number {
    const failed = this.call("udpOpen", String(port));
    return failed < 0 ? failed : super.udpOpen(port);
  }

  override wait(timeoutMs: number): number {
    if (this.waits === null) {
      this.outside.runUntil(() => super.wait(0) !== 0, timeoutMs);
      // What happens at the same moment has happened too.
      this.outside.run(0);
      return super.wait(0);
    }
    return this.waits.length > 0 ? this.waits.shift()! : os.READY_STOP;
  }

  override unixOpen(buffer: number): number {
    const failed = this.failures.unixOpen ?? 0;
    return failed < 0 ? failed : super.unixOpen(buffer);
  }

  override unixBind(fd: number, path: string, mode: number): number {
    const failed = this.call("unixBind", path);
    return failed < 0 ? failed : super.unixBind(fd, path, this.socketMode < 0 ? mode : this.socketMode);
  }

  override unixConnect(fd: number, address: string): number {
    const failed = this.call("unixConnect", address);
    return failed < 0 ? failed : super.unixConnect(fd, address);
  }

  override unixSend(fd: number, text: string, address: string): number {
    const failed = this.call("unixSend", text);
    return failed < 0 ? failed : super.unixSend(fd, text, address);
  }

  /** Time passes at once. */
  override poll(fd: number, events: number, timeoutMs: number): number {
    this.log.push(`poll ${timeoutMs}`);
    const ready = super.poll(fd, events, 0);
    if (ready === 0) this.waited += timeoutMs;
    return ready;
  }

  override closeAll(): void {
    this.log.push("closeAll");
    super.closeAll();
  }
}
