// The static file's Sys, driven from here: programs/sys-driver.ts in a child process, asked line by line. Engine memory
// is mirrored; each call carries the part of it that the call reads or writes.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sys } from "../../../src/core/sys.ts";
import { STAT_LENGTH } from "../../../src/core/sys.ts";
import {
  MSG_COUNT,
  MSG_FIRST,
  MSG_STRIDE,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STRIDE,
  REGION_RX,
  REGION_RXD,
  REGION_UDP_MSG,
  REGION_UDP_PIECE,
  RX_STRIDE,
  RXD_LENGTH,
  RXD_STRIDE,
} from "../../../src/engine/abi.ts";
import type { Engine, EngineExports } from "../../../src/engine/exports.ts";
import type { Machine } from "../platform/compliance.ts";

const MEMORY = 32 << 20;
const CHUNK = 1 << 16;
/** Bytes on each side of what a call may write, to see that it writes no others. */
const MARGIN = 64;
const CLOCK_LENGTH = 32;

type Value = number | string | undefined;

/** A child process that answers one line with one. Everything waits: Sys is synchronous. */
class Driver {
  private readonly child: ChildProcess;
  private readonly to: number;
  private readonly from: number;
  private readonly folder = mkdtempSync(join(tmpdir(), "subnetra-driver-"));

  constructor(program: string, env: NodeJS.ProcessEnv) {
    const [input, output] = [join(this.folder, "in"), join(this.folder, "out")];
    execFileSync("mkfifo", [input, output]);
    // Opened for both directions first, so that neither of the others waits for its other end.
    const childIn = openSync(input, constants.O_RDWR);
    const childOut = openSync(output, constants.O_RDWR);
    this.to = openSync(input, constants.O_WRONLY);
    this.from = openSync(output, constants.O_RDONLY);
    this.child = spawn(program, { stdio: [childIn, childOut, "inherit"], env: { ...process.env, ...env } });
    closeSync(childIn);
    closeSync(childOut);
  }

  ask(line: string): string {
    const bytes = Buffer.from(`${line}\n`, "latin1");
    for (let done = 0; done < bytes.length; ) done += writeSync(this.to, bytes, done);
    const parts: string[] = [];
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const length = readSync(this.from, chunk, 0, CHUNK, null);
      if (length === 0) throw new Error(`the driver ended at: ${line.slice(0, 80)}`);
      parts.push(chunk.toString("latin1", 0, length));
      if (chunk[length - 1] === 0x0a) return parts.join("").slice(0, -1);
    }
  }

  close(): void {
    closeSync(this.to);
    closeSync(this.from);
    // Not SIGTERM: a program that watches a control socket takes that for a wish to stop, and reads it no more.
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true });
  }
}

class Remote {
  private readonly driver: Driver;
  readonly engine: Engine;
  private readonly u8 = new Uint8Array(MEMORY);
  private readonly u32 = new Uint32Array(this.u8.buffer);

  constructor(program: string, env: NodeJS.ProcessEnv) {
    this.driver = new Driver(program, env);
    const region = (id: number): number => this.value(`region ${id}`) as number;
    this.engine = { call: { region } as unknown as EngineExports, u8: this.u8, u32: this.u32 };
  }

  close(): void {
    this.driver.close();
  }

  call(name: string, ...args: (number | string)[]): Value {
    const words = args.map((arg) => (typeof arg === "number" ? `n${arg}` : `s${escapeText(arg)}`));
    return this.value(["call", name, ...words].join(" "));
  }

  /** A call that may write `length` bytes at `offset`. */
  around(offset: number, length: number, call: () => Value): Value {
    this.push(offset - MARGIN, length + 2 * MARGIN);
    const result = call();
    this.pull(offset - MARGIN, length + 2 * MARGIN);
    return result;
  }

  push(offset: number, length: number): void {
    this.driver.ask(`put ${offset} ${Buffer.from(this.u8.buffer, offset, length).toString("hex")}`);
  }

  pull(offset: number, length: number): void {
    const answer = this.driver.ask(`get ${offset} ${length}`);
    this.u8.set(Buffer.from(answer.slice(1), "hex"), offset);
  }

  /** Carries the staged messages over, with their pieces. Returns the bounds of the piece table in use. */
  pushMessages(count: number): { offset: number; length: number } {
    const { region } = this.engine.call;
    const messages = region(REGION_UDP_MSG);
    const pieces = region(REGION_UDP_PIECE);
    let used = 0;
    for (let i = 0; i < count; i++) {
      const at = (messages + i * MSG_STRIDE) >> 2;
      used = Math.max(used, this.u32[at + (MSG_FIRST >> 2)]! + this.u32[at + (MSG_COUNT >> 2)]!);
    }
    for (let p = 0; p < used; p++) {
      const at = (pieces + p * PIECE_STRIDE) >> 2;
      this.push(this.u32[at + (PIECE_OFFSET >> 2)]!, this.u32[at + (PIECE_LENGTH >> 2)]!);
    }
    this.push(messages, count * MSG_STRIDE);
    this.push(pieces, used * PIECE_STRIDE);
    return { offset: pieces, length: used * PIECE_STRIDE };
  }

  /** Fetches what a batch has filled. */
  pullBatch(buffers: number): void {
    if (buffers <= 0) return;
    const { region } = this.engine.call;
    const descriptors = region(REGION_RXD);
    const data = region(REGION_RX);
    this.pull(descriptors, buffers * RXD_STRIDE);
    for (let i = 0; i < buffers; i++)
      this.pull(data + i * RX_STRIDE, this.u32[(descriptors + i * RXD_STRIDE + RXD_LENGTH) >> 2]!);
  }

  private value(line: string): Value {
    const answer = this.driver.ask(line);
    if (answer.startsWith("n")) return Number(answer.slice(1));
    return answer.startsWith("s") ? unescapeText(answer.slice(1)) : undefined;
  }
}

const escapeText = (text: string): string =>
  text.replace(/[^!-$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);

const unescapeText = (text: string): string =>
  text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));

/** Calls that carry memory; every other one passes its arguments and its result on. */
function memoryCalls(remote: Remote): Partial<Sys> {
  const number = (value: Value): number => value as number;
  return {
    clock: (offset) => {
      remote.around(offset, CLOCK_LENGTH, () => remote.call("clock", offset));
    },
    random: (offset, length) =>
      number(remote.around(offset, length, () => remote.call("random", offset, length))),
    read: (fd, offset, length) =>
      number(remote.around(offset, length, () => remote.call("read", fd, offset, length))),
    write: (fd, offset, length) => {
      remote.push(offset, length);
      return number(remote.call("write", fd, offset, length));
    },
    stat: (path, offset) =>
      number(remote.around(offset, STAT_LENGTH, () => remote.call("stat", path, offset))),
    fstat: (fd, offset) => number(remote.around(offset, STAT_LENGTH, () => remote.call("fstat", fd, offset))),
    udpReceive: (socket) => {
      const buffers = number(remote.call("udpReceive", socket));
      remote.pullBatch(buffers);
      return buffers;
    },
    udpSend: (count) => {
      const { offset, length } = remote.pushMessages(count);
      remote.call("udpSend", count);
      remote.pull(offset, length);
    },
  };
}

/** A machine with the static file's Sys. `program` is sys-driver, built. */
export function remoteMachine(program: string, env: NodeJS.ProcessEnv): Machine {
  const remote = new Remote(program, env);
  const own: { [name: string]: unknown } = {
    ...memoryCalls(remote),
    sockaddrFamily: 2,
    bigEndian: false,
    os: "linux",
  };
  const sys = new Proxy(own, {
    get: (target, name: string) =>
      target[name] ?? ((...args: (number | string)[]) => remote.call(name, ...args)),
  }) as unknown as Sys;
  const directory = mkdtempSync(join(tmpdir(), "subnetra-sys-"));
  return {
    sys,
    engine: remote.engine,
    address: "127.0.0.1",
    directory,
    dispose: () => {
      remote.close();
      rmSync(directory, { recursive: true });
    },
  };
}
