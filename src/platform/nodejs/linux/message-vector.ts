// An array of struct mmsghdr with everything its entries point to, laid out once for recvmmsg and sendmmsg.

import type { NativeMemory } from "../native-memory.ts";
import { WORD } from "../posix.ts";
import {
  CMSG_DATA,
  CMSG_LEVEL,
  CMSG_TYPE,
  IOVEC_LENGTH,
  IOVEC_SIZE,
  MMSGHDR_BYTES,
  MMSGHDR_SIZE,
  MSGHDR_CONTROL,
  MSGHDR_CONTROLLEN,
  MSGHDR_IOV,
  MSGHDR_IOVLEN,
  MSGHDR_NAME,
  MSGHDR_NAMELEN,
} from "./constants.ts";

/** Room for one control message of up to 4 bytes of data, and its padding. */
export const CONTROL_SIZE = CMSG_DATA + WORD;

/** Bytes of native memory a vector takes. */
export function vectorSize(messages: number, pieces: number): number {
  return messages * (MMSGHDR_SIZE + CONTROL_SIZE) + pieces * IOVEC_SIZE + 64;
}

/** `messages` mmsghdr entries over `pieces` iovecs, each entry with room for one control message. */
export class MessageVector {
  private readonly memory: NativeMemory;
  private readonly headers: number;
  private readonly iovecs: number;
  private readonly controls: number;

  constructor(memory: NativeMemory, messages: number, pieces: number) {
    this.memory = memory;
    this.headers = memory.reserve(messages * MMSGHDR_SIZE);
    this.iovecs = memory.reserve(pieces * IOVEC_SIZE);
    this.controls = memory.reserve(messages * CONTROL_SIZE);
    for (let i = 0; i < messages; i++)
      memory.setPointer(this.headers + i * MMSGHDR_SIZE + MSGHDR_CONTROL, memory.address(this.control(i)));
  }

  /** Address of entry `i`, for the system call. */
  address(i: number): number {
    return this.memory.base + this.headers + i * MMSGHDR_SIZE;
  }

  /** Lets entry `i` read or write a socket address. */
  setName(i: number, address: number, length: number): void {
    this.memory.setPointer(this.headers + i * MMSGHDR_SIZE + MSGHDR_NAME, address);
    this.setNameLength(i, length);
  }

  setNameLength(i: number, length: number): void {
    this.memory.u32[(this.headers + i * MMSGHDR_SIZE + MSGHDR_NAMELEN) >> 2] = length;
  }

  /** Points entry `i` to `count` iovecs from index `first` on. */
  setRun(i: number, first: number, count: number): void {
    const header = this.headers + i * MMSGHDR_SIZE;
    this.memory.setPointer(header + MSGHDR_IOV, this.memory.base + this.iovecs + first * IOVEC_SIZE);
    this.memory.u32[(header + MSGHDR_IOVLEN) >> 2] = count;
  }

  setPiece(piece: number, address: number, length: number): void {
    const iovec = this.iovecs + piece * IOVEC_SIZE;
    this.memory.setPointer(iovec, address);
    this.memory.u32[(iovec + IOVEC_LENGTH) >> 2] = length;
  }

  /** Bytes received into entry `i`. */
  received(i: number): number {
    return this.memory.u32[(this.headers + i * MMSGHDR_SIZE + MMSGHDR_BYTES) >> 2]!;
  }

  controlLength(i: number): number {
    return this.memory.u32[(this.headers + i * MMSGHDR_SIZE + MSGHDR_CONTROLLEN) >> 2]!;
  }

  setControlLength(i: number, length: number): void {
    this.memory.u32[(this.headers + i * MMSGHDR_SIZE + MSGHDR_CONTROLLEN) >> 2] = length;
  }

  /** True when the control message of entry `i` has this level and type. */
  controlIs(i: number, level: number, type: number): boolean {
    const control = this.control(i);
    return (
      this.memory.u32[(control + CMSG_LEVEL) >> 2] === level &&
      this.memory.u32[(control + CMSG_TYPE) >> 2] === type
    );
  }

  controlData(i: number): number {
    return this.memory.u32[(this.control(i) + CMSG_DATA) >> 2]!;
  }

  setControlData(i: number, data: number): void {
    this.memory.u32[(this.control(i) + CMSG_DATA) >> 2] = data;
  }

  /** Fills in the head of entry `i`'s control message: `bytes` of data of this level and type. */
  setControlHead(i: number, level: number, type: number, bytes: number): void {
    const control = this.control(i);
    this.memory.u32[control >> 2] = CMSG_DATA + bytes;
    this.memory.u32[(control + CMSG_LEVEL) >> 2] = level;
    this.memory.u32[(control + CMSG_TYPE) >> 2] = type;
  }

  private control(i: number): number {
    return this.controls + i * CONTROL_SIZE;
  }
}
