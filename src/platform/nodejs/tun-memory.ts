// A TUN device that is a pair of queues in this program: for the demo without root, and for embedding.

import { READY_TUN, READY_YIELD } from "../../core/sys.ts";
import {
  MAX_TUN_PACKETS,
  MSG_COUNT,
  MSG_FIRST,
  MSG_STRIDE,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STRIDE,
  REGION_TUN_ARENA,
  REGION_TUN_MSG,
  REGION_TUN_PIECE,
  REGION_TUND,
  TUN_ARENA_LENGTH,
  TUN_HEADROOM,
  TUN_READ_PLAIN,
  TUN_TAILROOM,
  TUND_LENGTH,
  TUND_OFFSET,
  TUND_STRIDE,
} from "../../engine/abi.ts";
import type { Engine } from "../../engine/exports.ts";
import type { Tun } from "./tun.ts";

const SLOT = TUN_HEADROOM + TUN_READ_PLAIN + TUN_TAILROOM;
const PACKETS_PER_READ = Math.min(MAX_TUN_PACKETS, Math.floor(TUN_ARENA_LENGTH / SLOT));
/** Packets waiting to be read, beyond which the oldest are kept and new ones dropped: a device's queue length. */
const QUEUE_LENGTH = 500;

export class MemoryTun implements Tun {
  name = "";
  readonly vnet = false;
  readonly fd = -1;
  private readonly engine: Engine;
  private readonly deliver: (packet: Uint8Array) => void;
  private readonly waiting: Uint8Array[] = [];
  private delivered = false;

  /**
   * @param deliver called with every packet the node writes to its TUN, a copy to keep. What it starts (promises,
   *   timers, I/O) runs before the node waits again.
   */
  constructor(engine: Engine, deliver: (packet: Uint8Array) => void) {
    this.engine = engine;
    this.deliver = deliver;
  }

  /**
   * Hands the node a bare IP packet as if the system had routed it to the TUN. Packets over 2048 bytes are cut,
   * as on a real device. False when the queue is full and the packet is dropped.
   */
  inject(packet: Uint8Array): boolean {
    if (this.waiting.length >= QUEUE_LENGTH) return false;
    this.waiting.push(packet.slice(0, TUN_READ_PLAIN));
    return true;
  }

  open(name: string): number {
    this.name = name;
    return 0;
  }

  /** After a delivery Node's event loop has its turn first. */
  pending(): number {
    const turn = this.delivered ? READY_YIELD : 0;
    this.delivered = false;
    return turn | (this.waiting.length > 0 ? READY_TUN : 0);
  }

  receive(): number {
    const { u8, u32, call } = this.engine;
    const arena = call.region(REGION_TUN_ARENA);
    const descriptors = call.region(REGION_TUND);
    const packets = this.waiting.splice(0, PACKETS_PER_READ);
    for (let i = 0; i < packets.length; i++) {
      const offset = arena + i * SLOT + TUN_HEADROOM;
      const at = (descriptors + i * TUND_STRIDE) >> 2;
      u8.set(packets[i]!, offset);
      u32[at + (TUND_OFFSET >> 2)] = offset;
      u32[at + (TUND_LENGTH >> 2)] = packets[i]!.length;
    }
    return packets.length;
  }

  send(count: number): void {
    for (let i = 0; i < count; i++) this.deliver(this.gather(i));
    this.delivered = true;
  }

  close(): void {
    this.waiting.length = 0;
  }

  /** A copy of the pieces of outgoing message `i`. */
  private gather(i: number): Uint8Array {
    const { u8, u32, call } = this.engine;
    const message = (call.region(REGION_TUN_MSG) + i * MSG_STRIDE) >> 2;
    const first = u32[message + (MSG_FIRST >> 2)]!;
    const count = u32[message + (MSG_COUNT >> 2)]!;
    const parts: Uint8Array[] = [];
    for (let p = first; p < first + count; p++) {
      const piece = (call.region(REGION_TUN_PIECE) + p * PIECE_STRIDE) >> 2;
      const offset = u32[piece + (PIECE_OFFSET >> 2)]!;
      parts.push(u8.subarray(offset, offset + u32[piece + (PIECE_LENGTH >> 2)]!));
    }
    return new Uint8Array(Buffer.concat(parts));
  }
}
