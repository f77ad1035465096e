// A kernel that speaks route netlink, as far as bringing an interface up goes: its links, addresses and routes, and what it was
// told to change, written as the commands of iproute2. Reads the messages in its own way (rtnetlink(7)).

import * as os from "../../../src/core/sys.ts";
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

const dotted = (bytes: Buffer) => [...bytes].join(".");
const padded = (length: number) => (length + 3) & ~3;

/** The attributes behind a message's fixed part. */
function attributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; at += padded(bytes.readUInt16LE(at)))
    found.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 4, at + bytes.readUInt16LE(at)));
  return found;
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(padded(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  value.copy(bytes, 4);
  return bytes;
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

export class FakeNetlink extends FakeSys {
  /** Interfaces by index. */
  readonly links = new Map([
    [1, "lo"],
    [2, "eth0"],
    [7, "snr0"],
  ]);
  readonly addresses: string[] = [];
  readonly routes: Route[] = [];
  /** What was changed, as commands. */
  readonly commands: string[] = [];
  /** What the kernel answers to a change, by the command. */
  readonly refusals: { [command: string]: number } = {};
  /** Whether somebody has its socket. */
  inUse = false;
  private readonly answers: Buffer[] = [];

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
    const type = message.readUInt16LE(4);
    const sequence = message.readUInt32LE(8);
    const body = message.subarray(16, message.readUInt32LE(0));
    // Something of an earlier request that nobody has read any more.
    this.reply(DONE, sequence - 1, u32(0));
    if (type === GETLINK) this.tellLink(sequence, body);
    else if (type === GETROUTE) this.tellRoutes(sequence);
    else this.change(type, sequence, body);
  }

  private reply(type: number, sequence: number, body: Buffer): void {
    const bytes = Buffer.alloc(padded(16 + body.length));
    bytes.writeUInt32LE(16 + body.length, 0);
    bytes.writeUInt16LE(type, 4);
    bytes.writeUInt32LE(sequence, 8);
    body.copy(bytes, 16);
    this.answers.push(bytes);
  }

  private tellLink(sequence: number, body: Buffer): void {
    const wanted = attributes(body.subarray(16)).get(3);
    const name =
      wanted === undefined ? this.links.get(body.readUInt32LE(4)) : wanted.toString().replace("\0", "");
    const index = [...this.links].find(([, link]) => link === name)?.[0];
    if (index === undefined || name === undefined) {
      this.reply(ERROR, sequence, u32(-ENODEV >>> 0));
      return;
    }
    const fixed = Buffer.alloc(16);
    fixed.writeUInt32LE(index, 4);
    this.reply(NEWLINK, sequence, Buffer.concat([fixed, attribute(3, Buffer.from(`${name}\0`))]));
  }

  private tellRoutes(sequence: number): void {
    for (const { prefix, device, metric, table } of this.routes) {
      const [address, bits] = prefix.split("/");
      const fixed = Buffer.from([2, Number(bits), 0, 0, table ?? 254, 3, 253, 1, 0, 0, 0, 0]);
      const index = [...this.links].find(([, link]) => link === device)?.[0];
      const parts = [fixed, attribute(1, Buffer.from(address!.split(".").map(Number)))];
      if (index !== undefined) parts.push(attribute(4, u32(index)));
      if (metric !== undefined) parts.push(attribute(6, u32(metric)));
      this.reply(NEWROUTE, sequence, Buffer.concat(parts));
    }
    this.reply(DONE, sequence, u32(0));
  }

  private change(type: number, sequence: number, body: Buffer): void {
    const command = this.command(type, body);
    const refused = this.refusals[command] ?? 0;
    if (refused === 0) this.commands.push(command);
    this.reply(ERROR, sequence, u32(refused >>> 0));
  }

  private command(type: number, body: Buffer): string {
    if (type === NEWLINK) {
      const mtu = attributes(body.subarray(16)).get(4)!.readUInt32LE();
      const up = (body.readUInt32LE(8) & body.readUInt32LE(12) & 1) === 1;
      return `ip link set ${this.links.get(body.readUInt32LE(4))} mtu ${mtu}${up ? " up" : ""}`;
    }
    if (type === NEWADDR) {
      const given = attributes(body.subarray(8));
      const address = dotted(given.get(2)!);
      // Both ends of the link are named, and are the same.
      return `ip addr add ${address}/${body[1]} dev ${this.links.get(body.readUInt32LE(4))}${address === dotted(given.get(1)!) ? "" : " peer"}`;
    }
    const given = attributes(body.subarray(12));
    return `ip route add ${dotted(given.get(1)!)}/${body[1]} dev ${this.links.get(given.get(4)!.readUInt32LE())}`;
  }
}
