// Receiving datagrams: recvmmsg straight into engine memory, with UDP_GRO where the kernel has it.

import { EAGAIN, EINTR } from "../../../core/sys.ts";
import {
  DEFAULT_RX_BUFFERS,
  REGION_RX,
  REGION_RXD,
  RX_LENGTH,
  RX_STRIDE,
  RXD_LENGTH,
  RXD_SEGMENT,
  RXD_SOURCE,
  RXD_STRIDE,
  SOCKADDR_LENGTH,
} from "../../../engine/abi.ts";
import type { Engine } from "../../../engine/exports.ts";
import { addressOf, errno } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { MSG_DONTWAIT, SOL_UDP, UDP_GRO } from "./constants.ts";
import { recvmmsg } from "./libc.ts";
import { CONTROL_SIZE, MessageVector, vectorSize } from "./message-vector.ts";

export class UdpReceiver {
  private readonly memory: Uint32Array;
  private readonly vector: MessageVector;
  private readonly descriptors: number;

  /** Lays the structures out over the engine's regions, which must not move any more. */
  constructor(engine: Engine) {
    this.memory = engine.u32;
    this.descriptors = engine.call.region(REGION_RXD);
    const native = new NativeMemory(vectorSize(DEFAULT_RX_BUFFERS, DEFAULT_RX_BUFFERS));
    this.vector = new MessageVector(native, DEFAULT_RX_BUFFERS, DEFAULT_RX_BUFFERS);
    const base = addressOf(engine.u8);
    const buffers = engine.call.region(REGION_RX);
    for (let i = 0; i < DEFAULT_RX_BUFFERS; i++) {
      this.vector.setPiece(i, base + buffers + i * RX_STRIDE, RX_LENGTH);
      this.vector.setRun(i, i, 1);
      this.vector.setName(i, base + this.descriptors + i * RXD_STRIDE + RXD_SOURCE, SOCKADDR_LENGTH);
      this.vector.setControlLength(i, CONTROL_SIZE);
    }
  }

  /** Sys.udpReceive for a descriptor. */
  receive(fd: number): number {
    for (;;) {
      const count = recvmmsg(fd, this.vector.address(0), DEFAULT_RX_BUFFERS, MSG_DONTWAIT, 0);
      if (count >= 0) {
        for (let i = 0; i < count; i++) this.describe(i);
        return count;
      }
      const error = errno();
      if (error === EAGAIN) return 0;
      if (error !== EINTR) return -error;
    }
  }

  /** Describes buffer `i` in REGION_RXD and makes its header ready for the next call. */
  private describe(i: number): void {
    const length = this.vector.received(i);
    let segment = length;
    if (this.vector.controlLength(i) !== 0 && this.vector.controlIs(i, SOL_UDP, UDP_GRO)) {
      const size = this.vector.controlData(i);
      if (size > 0 && size < length) segment = size;
    }
    const at = (this.descriptors + i * RXD_STRIDE) >> 2;
    this.memory[at + (RXD_LENGTH >> 2)] = length;
    this.memory[at + (RXD_SEGMENT >> 2)] = segment;
    this.vector.setNameLength(i, SOCKADDR_LENGTH);
    this.vector.setControlLength(i, CONTROL_SIZE);
  }
}
