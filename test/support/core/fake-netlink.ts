// A kernel that speaks route netlink, as far as bringing an interface up goes: its links, addresses and routes, and what it was
// told to change, written as the commands of iproute2. Reads the messages in its own way (rtnetlink(7)).

import * as os from "../../../src/core/sys.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { FakeSys } from "./fake-sys.ts";

const FD = 900;
const ENODEV = 19;
const ERROR = 2;
const DONE = 3;
const NEWLINK = 16;
const GETLINK = 18;
const NEWADDR = 20;
const NEWROUTE = 24;
const GETROUTE = 26;

interface Route {
  prefix: string;
  /** Name of the interface, "" for a route that has none, as "unreachable". */
  device: string;
  metric?: number;
  table?: number;
}

/** Numbers of a message, in the byte order of the machine. */
class Order {
  readonly big: boolean;
  constructor(big: boolean) {
    this.big = big;
  }
  u16(bytes: Buffer, at: number): number {
    return this.big ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
  }
  u32(bytes: Buffer, at: number): number {
    return this.big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  }
  set16(bytes: Buffer, at: number, value: number): void {
    if (this.big) bytes.writeUInt16BE(value, at);
    else bytes.writeUInt16LE(value, at);
  }
  set32(bytes: Buffer, at: number, value: number): void {
    if (this.big) bytes.writeUInt32BE(value, at);
    else bytes.writeUInt32LE(value, at);
  }
  word(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    this.set32(bytes, 0, value);
    return bytes;
  }

  /** The attributes behind a message's fixed part. */
  attributes(bytes: Buffer): Map<number, Buffer> {
    const found = new Map<number, Buffer>();
    for (let at = 0; at < bytes.length; at += padded(this.u16(bytes, at)))
      found.set(this.u16(bytes, at + 2), bytes.subarray(at + 4, at + this.u16(bytes, at)));
    return found;
  }

  attribute(type: number, value: Buffer): Buffer {
    const bytes = Buffer.alloc(padded(4 + value.length));
    this.set16(bytes, 0, 4 + value.length);
    this.set16(bytes, 2, type);
    value.copy(bytes, 4);
    return bytes;
  }
}

const dotted = (bytes: Buffer) => [...bytes].join(".");
const padded = (length: number) => (length + 3) & ~3;

export class FakeNetlink extends FakeSys {
  /** Interfaces by index. */
  readonly links = new Map([
    [1, "lo"],
    [2, "eth0"],
    [7, "snr0"],
  ]);
  readonly routes: Route[] = [];
  /** What was changed, as commands. */
  readonly commands: string[] = [];
  /** What the kernel answers to a change, by the command. */
  readonly refusals: { [command: string]: number } = {};
  /** Whether somebody has its socket. */
  inUse = false;
  override readonly bigEndian: boolean;
  private readonly order: Order;
  private readonly answers: Buffer[] = [];

  /** @param bigEndian the kernel's order; engine memory stays little-endian */
  constructor(engine: Engine, bigEndian = false) {
    super(engine);
    this.bigEndian = bigEndian;
    this.order = new Order(bigEndian);
  }

  override netlinkOpen(): number {
    const failed = this.failures.netlinkOpen;
    if (failed !== undefined) return failed;
    this.inUse = true;
    return FD;
  }

  override close(fd: number): number {
    if (fd !== FD) return super.close(fd);
    this.inUse = false;
    return 0;
  }

  override poll(fd: number, events: number, timeoutMs: number): number {
    return fd === FD ? events : super.poll(fd, events, timeoutMs);
  }

  override write(fd: number, offset: number, length: number): number {
    if (fd !== FD) return super.write(fd, offset, length);
    this.handle(Buffer.from(this.engine.u8.slice(offset, offset + length)));
    return length;
  }

  override read(fd: number, offset: number, length: number): number {
    if (fd !== FD) return super.read(fd, offset, length);
    const answer = this.answers.shift();
    if (answer === undefined) return -os.EAGAIN;
    this.engine.u8.set(answer, offset);
    return answer.length;
  }

  private handle(message: Buffer): void {
    const type = this.order.u16(message, 4);
    const sequence = this.order.u32(message, 8);
    const body = message.subarray(16, this.order.u32(message, 0));
    // Something of an earlier request that nobody has read any more.
    this.reply(DONE, sequence - 1, this.order.word(0));
    if (type === GETLINK) this.tellLink(sequence, body);
    else if (type === GETROUTE) this.tellRoutes(sequence);
    else this.change(type, sequence, body);
  }

  private reply(type: number, sequence: number, body: Buffer): void {
    const bytes = Buffer.alloc(padded(16 + body.length));
    this.order.set32(bytes, 0, 16 + body.length);
    this.order.set16(bytes, 4, type);
    this.order.set32(bytes, 8, sequence);
    body.copy(bytes, 16);
    this.answers.push(bytes);
  }

  private tellLink(sequence: number, body: Buffer): void {
    const wanted = this.order.attributes(body.subarray(16)).get(3);
    const name =
      wanted === undefined ? this.links.get(this.order.u32(body, 4)) : wanted.toString().replace("\0", "");
    const index = [...this.links].find(([, link]) => link === name)?.[0];
    if (index === undefined || name === undefined) {
      this.reply(ERROR, sequence, this.order.word(-ENODEV >>> 0));
      return;
    }
    const fixed = Buffer.alloc(16);
    this.order.set32(fixed, 4, index);
    this.reply(NEWLINK, sequence, Buffer.concat([fixed, this.order.attribute(3, Buffer.from(`${name}\0`))]));
  }

  private tellRoutes(sequence: number): void {
    for (const { prefix, device, metric, table } of this.routes) {
      const [address, bits] = prefix.split("/");
      const fixed = Buffer.from([2, Number(bits), 0, 0, table ?? 254, 3, 253, 1, 0, 0, 0, 0]);
      const index = [...this.links].find(([, link]) => link === device)?.[0];
      const parts = [fixed, this.order.attribute(1, Buffer.from(address!.split(".").map(Number)))];
      if (index !== undefined) parts.push(this.order.attribute(4, this.order.word(index)));
      if (metric !== undefined) parts.push(this.order.attribute(6, this.order.word(metric)));
      this.reply(NEWROUTE, sequence, Buffer.concat(parts));
    }
    this.reply(DONE, sequence, this.order.word(0));
  }

  private change(type: number, sequence: number, body: Buffer): void {
    const command = this.command(type, body);
    const refused = this.refusals[command] ?? 0;
    if (refused === 0) this.commands.push(command);
    this.reply(ERROR, sequence, this.order.word(refused >>> 0));
  }

  private command(type: number, body: Buffer): string {
    if (type === NEWLINK) {
      const mtu = this.order.u32(this.order.attributes(body.subarray(16)).get(4)!, 0);
      const up = (this.order.u32(body, 8) & this.order.u32(body, 12) & 1) === 1;
      return `ip link set ${this.links.get(this.order.u32(body, 4))} mtu ${mtu}${up ? " up" : ""}`;
    }
    if (type === NEWADDR) {
      const given = this.order.attributes(body.subarray(8));
      const address = dotted(given.get(2)!);
      // Both ends of the link are named, and are the same.
      return `ip addr add ${address}/${body[1]} dev ${this.links.get(this.order.u32(body, 4))}${address === dotted(given.get(1)!) ? "" : " peer"}`;
    }
    const given = this.order.attributes(body.subarray(12));
    return `ip route add ${dotted(given.get(1)!)}/${body[1]} dev ${this.links.get(this.order.u32(given.get(4)!, 0))}`;
  }
}
