// The engine's primitives, compiled alone (assembly/primitives.ts), with a memory of their own.

import { readFileSync } from "node:fs";
import type { EngineVariant } from "../../../src/engine/load.ts";

export const VARIANTS: readonly EngineVariant[] = ["plain", "simd"];

/** What assembly/primitives.ts exports; every number is an offset, a length or a 32-bit value. */
interface Exports {
  seal(key: number, seq: number, data: number, length: number): void;
  open(key: number, seq: number, data: number, length: number): number;
  wipe(): void;
  keystream(key: number, counter: number, nonce: number, out: number, length: number): void;
  poly(key: number, data: number, length: number, out: number): void;
  keyedHash(key: number, message: number, length: number, midstate: number, out: number): void;
  linkKey(psk: number, from: number, to: number, out: number): void;
  sessionKey(linkKey: number, epoch: number, midstate: number, out: number): void;
  headerPad(linkKey: number, tag: number, midstate: number, out: number): void;
}

const PAGE = 65536;
/** Where the tests put keys, small values and results; the module's own data lies below. */
const KEY = PAGE;
const SMALL = PAGE + 64;
const MIDSTATE = PAGE + 128;
const OUT = PAGE + 256;
/** Where the tests put messages and datagrams. */
export const DATA = 2 * PAGE;

export class Primitives {
  readonly call: Exports;
  readonly memory: Buffer;

  constructor(variant: EngineVariant) {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 64 });
    const abort = (): never => {
      throw new Error("aborted");
    };
    const module = new WebAssembly.Module(
      readFileSync(new URL(`./primitives-${variant}.wasm`, import.meta.url)),
    );
    this.call = new WebAssembly.Instance(module, { env: { memory, abort } }).exports as unknown as Exports;
    this.memory = Buffer.from(memory.buffer);
  }

  put(offset: number, bytes: Uint8Array): number {
    this.memory.set(bytes, offset);
    return offset;
  }

  take(offset: number, length: number): Buffer {
    return Buffer.from(this.memory.subarray(offset, offset + length));
  }

  putU64(value: bigint): number {
    this.memory.writeBigUInt64LE(value, SMALL);
    return SMALL;
  }

  /** Seals in place at `offset`; returns ciphertext and tag. */
  seal(key: Uint8Array, seq: bigint, plaintext: Uint8Array, offset = DATA): Buffer {
    this.put(offset, plaintext);
    this.call.seal(this.put(KEY, key), this.putU64(seq), offset, plaintext.length);
    return this.take(offset, plaintext.length + 16);
  }

  /** Opens ciphertext and tag in place at `offset`; the plaintext, or null. */
  open(key: Uint8Array, seq: bigint, sealed: Uint8Array, offset = DATA): Buffer | null {
    this.put(offset, sealed);
    const length = sealed.length - 16;
    const good = this.call.open(this.put(KEY, key), this.putU64(seq), offset, length);
    return good === 1 ? this.take(offset, length) : null;
  }

  keystream(key: Uint8Array, counter: number, nonce: Uint8Array, length: number): Buffer {
    this.call.keystream(this.put(KEY, key), counter, this.put(SMALL, nonce), DATA, length);
    return this.take(DATA, length);
  }

  poly1305(key: Uint8Array, message: Uint8Array): Buffer {
    this.call.poly(this.put(KEY, key), this.put(DATA, message), message.length, OUT);
    return this.take(OUT, 16);
  }

  keyedHash(key: Uint8Array, message: Uint8Array): Buffer {
    this.call.keyedHash(this.put(KEY, key), this.put(DATA, message), message.length, MIDSTATE, OUT);
    return this.take(OUT, 32);
  }

  linkKey(psk: Uint8Array, from: number, to: number): Buffer {
    this.call.linkKey(this.put(KEY, psk), from, to, OUT);
    return this.take(OUT, 32);
  }

  sessionKey(linkKey: Uint8Array, epoch: bigint): Buffer {
    this.call.sessionKey(this.put(KEY, linkKey), this.putU64(epoch), MIDSTATE, OUT);
    return this.take(OUT, 32);
  }

  headerPad(linkKey: Uint8Array, tag: Uint8Array): Buffer {
    this.call.headerPad(this.put(KEY, linkKey), this.put(SMALL, tag), MIDSTATE, OUT);
    return this.take(OUT, 20);
  }
}
