// The kernel's route netlink as bringing an interface up needs it: links, addresses and routes of IPv4, rtnetlink(7).
//
// Messages have the machine's byte order. They are built and read in REGION_SCRATCH, which is little-endian.

import { REGION_SCRATCH } from "../engine/abi.ts";
import type { Engine } from "../engine/exports.ts";
import type { Cidr } from "./cidr.ts";
import { readText, writeText } from "./memory.ts";
import { EEXIST, EIO, POLL_READ, type Sys } from "./sys.ts";

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const REQUEST = 0x1;
const ACK = 0x4;
const DUMP = 0x300;
/** NLM_F_CREATE | NLM_F_EXCL: never replace what is there. */
const CREATE_ONLY = 0x600;

const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PRIORITY = 6;

const AF_INET = 2;
const IFF_UP = 1;
const RT_TABLE_MAIN = 254;
/** What "ip route add" marks its routes with. */
const RTPROT_BOOT = 3;
const RT_SCOPE_LINK = 253;
const RTN_UNICAST = 1;

const HEADER = 16;
const IFINFOMSG = 16;
const IFADDRMSG = 8;
const RTMSG = 12;
/** Where answers are read to in the scratch region, and the longest one: more than the kernel sends at once. */
const ANSWER = 4096;
const ANSWER_LIMIT = 65536;
const ANSWER_TIMEOUT_MS = 2000;

/** A route of the main table that "ip route add" of the same prefix would collide with. */
export interface FoundRoute {
  readonly prefix: Cidr;
  /** Interface, 0 for a route that has not exactly one. */
  readonly link: number;
}

/** A conversation with the kernel. Every method returns -errno where it fails. */
export class Rtnetlink {
  private readonly engine: Engine;
  private readonly sys: Sys;
  private readonly fd: number;
  private readonly start: number;
  private readonly big: boolean;
  /** End of the request being built. */
  private end = 0;
  private sequence = 0;

  /** @param fd of Sys.netlinkOpen; close() closes it */
  constructor(engine: Engine, sys: Sys, fd: number) {
    this.engine = engine;
    this.sys = sys;
    this.fd = fd;
    this.start = engine.call.region(REGION_SCRATCH);
    this.big = sys.bigEndian;
  }

  close(): void {
    this.sys.close(this.fd);
  }

  /** Index of the interface of that name. */
  linkIndex(name: string): number {
    this.begin(RTM_GETLINK, 0);
    this.put(IFINFOMSG);
    this.attributeText(IFLA_IFNAME, name);
    let index = -EIO;
    const result = this.ask((at) => {
      index = this.u32(at + HEADER + 4);
    });
    return result < 0 ? result : index;
  }

  /** Name of an interface, "" when it has none. */
  linkName(index: number): string {
    this.begin(RTM_GETLINK, 0);
    const at = this.put(IFINFOMSG);
    this.set32(at + 4, index);
    let name = "";
    this.ask((message, length) => {
      this.attributes(message + HEADER + IFINFOMSG, message + length, (type, value, size) => {
        // It ends with a NUL.
        if (type === IFLA_IFNAME) name = readText(this.engine.u8, value, size - 1);
      });
    });
    return name;
  }

  /** Sets the MTU and brings the interface up. */
  setLink(index: number, mtu: number): number {
    this.begin(RTM_NEWLINK, ACK);
    const at = this.put(IFINFOMSG);
    this.set32(at + 4, index);
    this.set32(at + 8, IFF_UP);
    this.set32(at + 12, IFF_UP);
    this.set32(this.attribute(IFLA_MTU, 4), mtu);
    return this.ask(ignore);
  }

  /** Adds an address; fine when the interface has it already. */
  addAddress(index: number, prefix: Cidr): number {
    this.begin(RTM_NEWADDR, ACK | CREATE_ONLY);
    const at = this.put(IFADDRMSG);
    this.engine.u8[at] = AF_INET;
    this.engine.u8[at + 1] = prefix.bits;
    this.set32(at + 4, index);
    this.setAddress(this.attribute(IFA_LOCAL, 4), prefix.address);
    this.setAddress(this.attribute(IFA_ADDRESS, 4), prefix.address);
    const result = this.ask(ignore);
    return result === -EEXIST ? 0 : result;
  }

  /** Adds a route through the interface; -EEXIST where the prefix has one, whoever it leads to. */
  addRoute(index: number, prefix: Cidr): number {
    this.begin(RTM_NEWROUTE, ACK | CREATE_ONLY);
    const at = this.put(RTMSG);
    const { u8 } = this.engine;
    u8[at] = AF_INET;
    u8[at + 1] = prefix.bits;
    u8[at + 4] = RT_TABLE_MAIN;
    u8[at + 5] = RTPROT_BOOT;
    u8[at + 6] = RT_SCOPE_LINK;
    u8[at + 7] = RTN_UNICAST;
    this.setAddress(this.attribute(RTA_DST, 4), prefix.address);
    this.set32(this.attribute(RTA_OIF, 4), index);
    return this.ask(ignore);
  }

  /** Shows every route of the main table without a metric. */
  routes(found: (route: FoundRoute) => void): number {
    this.begin(RTM_GETROUTE, DUMP);
    this.engine.u8[this.put(RTMSG)] = AF_INET;
    return this.ask((message, length) => {
      const { u8 } = this.engine;
      const at = message + HEADER;
      // Family, type of service, table.
      if (u8[at] !== AF_INET || u8[at + 3] !== 0 || u8[at + 4] !== RT_TABLE_MAIN) return;
      let address = 0;
      let link = 0;
      let metric = 0;
      this.attributes(at + RTMSG, message + length, (type, value) => {
        if (type === RTA_DST)
          address =
            ((u8[value]! << 24) | (u8[value + 1]! << 16) | (u8[value + 2]! << 8) | u8[value + 3]!) >>> 0;
        else if (type === RTA_OIF) link = this.u32(value);
        else if (type === RTA_PRIORITY) metric = this.u32(value);
      });
      if (metric === 0) found({ prefix: { address, bits: u8[at + 1]! }, link });
    });
  }

  private begin(type: number, flags: number): void {
    this.end = this.start;
    const at = this.put(HEADER);
    this.set16(at + 4, type);
    this.set16(at + 6, REQUEST | flags);
    this.set32(at + 8, ++this.sequence);
  }

  /** Appends zeroed bytes, rounded up to four. Their offset. */
  private put(length: number): number {
    const at = this.end;
    this.end = at + ((length + 3) & ~3);
    for (let i = at; i < this.end; i++) this.engine.u8[i] = 0;
    return at;
  }

  /** Appends an attribute. The offset of its value. */
  private attribute(type: number, length: number): number {
    const at = this.put(4 + length);
    this.set16(at, 4 + length);
    this.set16(at + 2, type);
    return at + 4;
  }

  private attributeText(type: number, text: string): void {
    writeText(this.engine.u8, this.attribute(type, text.length + 1), text);
  }

  /**
   * Sends the request and reads its answer to the end: the acknowledgement, the end of a listing, or the one message
   * that answers a question. 0 or -errno.
   */
  private ask(show: (message: number, length: number) => void): number {
    const length = this.end - this.start;
    this.set32(this.start, length);
    const flags = this.u16(this.start + 6);
    const sent = this.sys.write(this.fd, this.start, length);
    if (sent < 0) return sent;
    for (;;) {
      const result = this.readAnswer((flags & (ACK | DUMP)) === 0, show);
      if (result <= 0) return result;
    }
  }

  /** Reads one datagram of the answer: 1 when there is more, 0 at its end, or -errno. */
  private readAnswer(single: boolean, show: (message: number, length: number) => void): number {
    const at = this.start + ANSWER;
    this.sys.poll(this.fd, POLL_READ, ANSWER_TIMEOUT_MS);
    const got = this.sys.read(this.fd, at, ANSWER_LIMIT);
    if (got <= 0) return got === 0 ? -EIO : got;
    for (let message = at; message + HEADER <= at + got; ) {
      const length = this.u32(message);
      if (length < HEADER || message + length > at + got) return -EIO;
      // What is left of an earlier answer is nobody's any more.
      if (this.u32(message + 8) === this.sequence) {
        const type = this.u16(message + 4);
        if (type === NLMSG_ERROR) return this.u32(message + HEADER) | 0;
        if (type === NLMSG_DONE) return 0;
        show(message, length);
        if (single) return 0;
      }
      message += (length + 3) & ~3;
    }
    return 1;
  }

  private attributes(
    from: number,
    end: number,
    show: (type: number, value: number, size: number) => void,
  ): void {
    for (let at = from; at + 4 <= end; ) {
      const length = this.u16(at);
      if (length < 4 || at + length > end) return;
      show(this.u16(at + 2), at + 4, length - 4);
      at += (length + 3) & ~3;
    }
  }

  /** An address is in network order. */
  private setAddress(at: number, address: number): void {
    for (let i = 0; i < 4; i++) this.engine.u8[at + i] = (address >>> (24 - 8 * i)) & 255;
  }

  private set16(at: number, value: number): void {
    this.engine.u8[at] = this.big ? value >> 8 : value & 255;
    this.engine.u8[at + 1] = this.big ? value & 255 : value >> 8;
  }

  private set32(at: number, value: number): void {
    this.engine.u32[at >> 2] = this.big ? swapped(value) : value;
  }

  private u16(at: number): number {
    const { u8 } = this.engine;
    return this.big ? (u8[at]! << 8) | u8[at + 1]! : u8[at]! | (u8[at + 1]! << 8);
  }

  private u32(at: number): number {
    const value = this.engine.u32[at >> 2]!;
    return this.big ? swapped(value) : value;
  }
}

function ignore(): void {}

/** The four bytes of a u32 the other way round. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
