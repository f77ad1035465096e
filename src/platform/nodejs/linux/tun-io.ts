// Packets between the TUN device and engine memory.

import { EINTR } from "../../../core/sys.ts";
import {
  MAX_RUN,
  MAX_TUN_PACKETS,
  MSG_COUNT,
  MSG_FIRST,
  MSG_STATUS,
  MSG_STRIDE,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STRIDE,
  REGION_TUN_ARENA,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  REGION_TUND,
  TUN_ALIGNMENT,
  TUN_ARENA_LENGTH,
  TUN_HEADROOM,
  TUN_READ_OFFLOAD,
  TUN_READ_PLAIN,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
  VNET_LENGTH,
} from "../../../engine/abi.ts";
import type { Engine } from "../../../engine/exports.ts";
import { addressOf, errno, read, write, writev } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { IOVEC_LENGTH, IOVEC_SIZE } from "./constants.ts";

export class TunIo {
  private readonly memory: Uint32Array;
  private readonly base: number;
  private readonly arena: number;
  private readonly descriptors: number;
  private readonly messages: number;
  private readonly pieces: number;
  private readonly iovecs: NativeMemory;

  /** Works over the engine's regions, which must not move any more. */
  constructor(engine: Engine) {
    this.memory = engine.u32;
    this.base = addressOf(engine.u8);
    this.arena = engine.call.region(REGION_TUN_ARENA);
    this.descriptors = engine.call.region(REGION_TUND);
    this.messages = engine.call.region(REGION_TUN_MSG);
    this.pieces = engine.call.region(REGION_TUN_PIECE);
    this.iovecs = new NativeMemory((MAX_RUN + 1) * IOVEC_SIZE);
  }

  /** Sys.tunReceive: reads until the device has no more, or the arena or the table is full. */
  receive(fd: number, vnet: boolean): number {
    const header = vnet ? VNET_LENGTH : 0;
    const limit = header + (vnet ? TUN_READ_OFFLOAD : TUN_READ_PLAIN);
    const end = this.arena + TUN_ARENA_LENGTH - TUN_TAILROOM;
    let free = this.arena;
    let count = 0;
    while (count < MAX_TUN_PACKETS) {
      const packet = (free + TUN_HEADROOM + TUN_ALIGNMENT - 1) & -TUN_ALIGNMENT;
      if (packet - header + limit > end) break;
      const length = read(fd, this.base + packet - header, limit);
      if (length < 0 && errno() === EINTR) continue;
      // Would block, or the device is gone: either way there is nothing more to read now.
      if (length <= header) break;
      const at = (this.descriptors + count * TUND_STRIDE) >> 2;
      this.memory[at + (TUND_OFFSET >> 2)] = packet;
      this.memory[at + (TUND_LENGTH >> 2)] = length - header;
      free = packet + length - header + TUN_TAILROOM;
      count++;
    }
    return count;
  }

  /** Sys.tunSend: one gather write per message. */
  send(fd: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = (this.messages + i * MSG_STRIDE) >> 2;
      const first = this.memory[at + (MSG_FIRST >> 2)]!;
      const pieces = this.memory[at + (MSG_COUNT >> 2)]!;
      let written: number;
      do written = pieces === 1 ? this.writeOne(fd, first) : this.gather(fd, first, pieces);
      while (written < 0 && errno() === EINTR);
      if (written < 0) this.memory[at + (MSG_STATUS >> 2)] = errno();
    }
  }

  private writeOne(fd: number, piece: number): number {
    return write(fd, this.base + this.piece(piece, PIECE_OFFSET), this.piece(piece, PIECE_LENGTH));
  }

  private gather(fd: number, first: number, count: number): number {
    for (let k = 0; k < count; k++) {
      this.iovecs.setPointer(k * IOVEC_SIZE, this.base + this.piece(first + k, PIECE_OFFSET));
      this.iovecs.u32[(k * IOVEC_SIZE + IOVEC_LENGTH) >> 2] = this.piece(first + k, PIECE_LENGTH);
    }
    return writev(fd, this.iovecs.base, count);
  }

  private piece(p: number, field: number): number {
    return this.memory[(this.pieces + p * PIECE_STRIDE + field) >> 2]!;
  }
}
