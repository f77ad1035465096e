// Sending datagrams: sendmmsg straight from engine memory, messages of several datagrams with UDP_SEGMENT.

import { EAGAIN, EINTR, EIO, ENOBUFS, MESSAGE_OVERHEAD } from "../../../core/sys.ts";
import {
  MAX_MESSAGES,
  MAX_PIECES,
  MAX_RUN,
  MSG_COUNT,
  MSG_DESTINATION,
  MSG_FIRST,
  MSG_SEGMENT,
  MSG_SOCKET,
  MSG_STRIDE,
  PIECE_LENGTH,
  PIECE_OFFSET,
  PIECE_STATUS,
  PIECE_STRIDE,
  REGION_UDP_MSG,
  REGION_UDP_PIECE,
  SOCKADDR_LENGTH,
} from "../../../engine/abi.ts";
import type { Engine } from "../../../engine/exports.ts";
import { addressOf, errno } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { MSG_DONTWAIT, SOL_UDP, UDP_SEGMENT } from "./constants.ts";
import { sendmmsg } from "./libc.ts";
import { ListenPort } from "./listen-port.ts";
import { CONTROL_SIZE, MessageVector, vectorSize } from "./message-vector.ts";

const GSO_SIZE_LENGTH = 2;
/** Stands for a listen socket that does not exist: every message to it fails. */
const NO_PORT = new ListenPort(-1);

export class UdpSender {
  private readonly memory: Uint32Array;
  private readonly base: number;
  private readonly messages: number;
  private readonly pieces: number;
  /** Entry i is message i; iovec p is piece p. */
  private readonly vector: MessageVector;
  /** Entry i is datagram i of one refused message. */
  private readonly single: MessageVector;
  /** Why the last call of transmit() ended early. */
  private error = 0;

  /** Lays the structures out over the engine's regions, which must not move any more. */
  constructor(engine: Engine) {
    this.memory = engine.u32;
    this.base = addressOf(engine.u8);
    this.messages = engine.call.region(REGION_UDP_MSG);
    this.pieces = engine.call.region(REGION_UDP_PIECE);
    const native = new NativeMemory(vectorSize(MAX_MESSAGES, MAX_PIECES) + vectorSize(MAX_RUN, MAX_RUN));
    this.vector = new MessageVector(native, MAX_MESSAGES, MAX_PIECES);
    this.single = new MessageVector(native, MAX_RUN, MAX_RUN);
    for (let i = 0; i < MAX_MESSAGES; i++) {
      this.vector.setName(i, this.destination(i), SOCKADDR_LENGTH);
      this.vector.setControlHead(i, SOL_UDP, UDP_SEGMENT, GSO_SIZE_LENGTH);
    }
    for (let i = 0; i < MAX_RUN; i++) this.single.setRun(i, i, 1);
  }

  /** Sys.udpSend over the listen ports. Never waits: what a full buffer refuses is dropped. */
  send(ports: readonly ListenPort[], count: number): void {
    let first = 0;
    while (first < count) {
      const socket = this.message(first, MSG_SOCKET);
      let end = first;
      let bytes = 0;
      do bytes += MESSAGE_OVERHEAD + this.prepare(end++);
      while (end < count && this.message(end, MSG_SOCKET) === socket);
      const port = ports[socket] ?? NO_PORT;
      port.enter(bytes);
      this.dispatch(port, first, end);
      first = end;
    }
  }

  /** Sends messages first … end-1 of one listen port; a refused one is reported and skipped. */
  private dispatch(port: ListenPort, first: number, end: number): void {
    let i = first;
    while (i < end) {
      const fd = this.choose(port, i);
      let stop = i + 1;
      if (!port.busy) stop = end;
      else while (stop < end && this.choose(port, stop) === fd) stop++;
      const sent = this.transmit(fd, this.vector, i, stop);
      i += sent;
      // Refused by the shared socket for the first time: from now on by destination.
      if (sent > 0 || (this.error === EAGAIN && fd === port.main && port.congest())) continue;
      this.refuse(fd, i++, this.error);
    }
  }

  private choose(port: ListenPort, i: number): number {
    const at = (this.messages + i * MSG_STRIDE + MSG_DESTINATION) >> 2;
    return port.choose(this.memory[at]!, this.memory[at + 1]!);
  }

  /**
   * Fills in entry `i` of the vector from message `i`. Pieces that touch in memory become one iovec. Returns the bytes.
   */
  private prepare(i: number): number {
    const first = this.message(i, MSG_FIRST);
    const count = this.message(i, MSG_COUNT);
    let used = first;
    let start = this.piece(first, PIECE_OFFSET);
    let end = start + this.piece(first, PIECE_LENGTH);
    let bytes = 0;
    for (let p = first + 1; p < first + count; p++) {
      const offset = this.piece(p, PIECE_OFFSET);
      if (offset !== end) {
        this.vector.setPiece(used++, this.base + start, end - start);
        bytes += end - start;
        start = offset;
        end = offset;
      }
      end += this.piece(p, PIECE_LENGTH);
    }
    this.vector.setPiece(used++, this.base + start, end - start);
    this.vector.setRun(i, first, used - first);
    if (count > 1) this.vector.setControlData(i, this.message(i, MSG_SEGMENT));
    this.vector.setControlLength(i, count > 1 ? CONTROL_SIZE : 0);
    return bytes + end - start;
  }

  /** Sends as many of the entries first … end-1 as the kernel takes: 0, and `error`, when it refuses the first. */
  private transmit(fd: number, vector: MessageVector, first: number, end: number): number {
    for (;;) {
      const sent = sendmmsg(fd, vector.address(first), end - first, MSG_DONTWAIT);
      if (sent > 0) return sent;
      this.error = sent === 0 ? EIO : errno();
      if (this.error !== EINTR) return 0;
    }
  }

  /**
   * A refused message of several datagrams goes again datagram by datagram: the path may not support segmentation
   * (EIO, EINVAL, EMSGSIZE), and one bad datagram must not cost the others.
   */
  private refuse(fd: number, i: number, error: number): void {
    const first = this.message(i, MSG_FIRST);
    const count = this.message(i, MSG_COUNT);
    if (count === 1 || error === EAGAIN || error === ENOBUFS) {
      for (let p = first; p < first + count; p++) this.fail(p, error);
      return;
    }
    for (let k = 0; k < count; k++) {
      const p = first + k;
      this.single.setPiece(k, this.base + this.piece(p, PIECE_OFFSET), this.piece(p, PIECE_LENGTH));
      this.single.setName(k, this.destination(i), SOCKADDR_LENGTH);
    }
    for (let k = 0; k < count; ) {
      const sent = this.transmit(fd, this.single, k, count);
      if (sent === 0) this.fail(first + k++, this.error);
      k += sent;
    }
  }

  private fail(p: number, error: number): void {
    this.memory[(this.pieces + p * PIECE_STRIDE + PIECE_STATUS) >> 2] = error;
  }

  private message(i: number, field: number): number {
    return this.memory[(this.messages + i * MSG_STRIDE + field) >> 2]!;
  }

  private piece(p: number, field: number): number {
    return this.memory[(this.pieces + p * PIECE_STRIDE + field) >> 2]!;
  }

  private destination(i: number): number {
    return this.base + this.messages + i * MSG_STRIDE + MSG_DESTINATION;
  }
}
