// Memory whose address the kernel may keep: for structures that C functions read and write.

import { addressOf } from "./libc.ts";
import { WORD } from "./posix.ts";

const PAGE = 65536;
const WORD_LIMIT = 0x1_0000_0000;

/** A fixed piece of memory, handed out once and never freed. Untouched pages cost nothing. */
export class NativeMemory {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly base: number;
  private used = 0;
  // Keeps the memory itself alive: views alone would, but only as long as nobody detaches them.
  private readonly memory: WebAssembly.Memory;

  constructor(bytes: number) {
    const pages = Math.ceil(bytes / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u32 = new Uint32Array(this.memory.buffer);
    this.base = addressOf(this.u8);
  }

  /** Takes `bytes` zeroed bytes, 16-aligned. Returns their offset. */
  reserve(bytes: number): number {
    const offset = this.used;
    this.used = (offset + bytes + 15) & ~15;
    if (this.used > this.u8.length) throw new Error("native memory is too small");
    return offset;
  }

  /** Address of an offset, for C. */
  address(offset: number): number {
    return this.base + offset;
  }

  /** Stores a pointer at an offset. */
  setPointer(offset: number, address: number): void {
    this.u32[offset >> 2] = address % WORD_LIMIT;
    if (WORD === 8) this.u32[(offset >> 2) + 1] = Math.floor(address / WORD_LIMIT);
  }

  /** Stores a byte string and its terminating NUL at an offset. */
  setString(offset: number, text: string): void {
    this.u8[offset + this.setBytes(offset, text)] = 0;
  }

  /** Stores a byte string at an offset. Returns its length. */
  setBytes(offset: number, text: string): number {
    return Buffer.from(this.u8.buffer, offset, text.length).write(text, "latin1");
  }

  /** The byte string at an offset. */
  bytes(offset: number, length: number): string {
    return Buffer.from(this.u8.buffer, offset, length).toString("latin1");
  }

  /** The byte string at an offset up to its NUL, at most `limit` bytes. */
  string(offset: number, limit: number): string {
    const text = this.bytes(offset, limit);
    const end = text.indexOf("\0");
    return end < 0 ? text : text.slice(0, end);
  }
}

/** Room for the small structures of this folder's modules; each takes its own at start. */
export const structures = new NativeMemory(PAGE);
