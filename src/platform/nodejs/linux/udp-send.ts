// Sending datagrams: sendmmsg straight from engine memory, messages of several datagrams with UDP_SEGMENT.

import { EAGAIN, EINTR, EIO, ENOBUFS } from "../../../core/sys.ts";
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
import { addressOf, errno, poll, sendmmsg } from "../libc.ts";
import { NativeMemory, structures } from "../native-memory.ts";
import { MSG_DONTWAIT, POLLOUT, SOL_UDP, UDP_SEGMENT } from "./constants.ts";
import { CONTROL_SIZE, MessageVector, vectorSize } from "./message-vector.ts";

/** Waits of 1 ms one call may spend on full socket buffers before it gives datagrams up. */
const PATIENCE = 5;
const GSO_SIZE_LENGTH = 2;
const POLLFD = structures.reserve(8);

/** Called with the index in the vector and an errno for an entry the kernel refused. */
type Refusal = (entry: number, error: number) => void;

export class UdpSender {
  private readonly memory: Uint32Array;
  private readonly base: number;
  private readonly messages: number;
  private readonly pieces: number;
  /** Entry i is message i; iovec p is piece p. */
  private readonly vector: MessageVector;
  /** Entry i is datagram i of one refused message. */
  private readonly single: MessageVector;
  private patience = 0;
  private fd = -1;
  private splitFirst = 0;

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

  /** Sys.udpSend over the descriptors of the listen sockets. */
  send(sockets: readonly number[], count: number): void {
    this.patience = PATIENCE;
    let first = 0;
    while (first < count) {
      const socket = this.message(first, MSG_SOCKET);
      let end = first;
      do this.prepare(end++);
      while (end < count && this.message(end, MSG_SOCKET) === socket);
      this.fd = sockets[socket] ?? -1;
      this.transmit(this.vector, first, end, this.splitMessage);
      first = end;
    }
  }

  /** Fills in entry `i` of the vector from message `i`. Pieces that touch in memory become one iovec. */
  private prepare(i: number): void {
    const first = this.message(i, MSG_FIRST);
    const count = this.message(i, MSG_COUNT);
    let used = first;
    let start = this.piece(first, PIECE_OFFSET);
    let end = start + this.piece(first, PIECE_LENGTH);
    for (let p = first + 1; p < first + count; p++) {
      const offset = this.piece(p, PIECE_OFFSET);
      if (offset !== end) {
        this.vector.setPiece(used++, this.base + start, end - start);
        start = offset;
        end = offset;
      }
      end += this.piece(p, PIECE_LENGTH);
    }
    this.vector.setPiece(used++, this.base + start, end - start);
    this.vector.setRun(i, first, used - first);
    if (count > 1) this.vector.setControlData(i, this.message(i, MSG_SEGMENT));
    this.vector.setControlLength(i, count > 1 ? CONTROL_SIZE : 0);
  }

  /** Sends entries first … end-1; a refused one is reported and skipped. */
  private transmit(vector: MessageVector, first: number, end: number, refused: Refusal): void {
    let i = first;
    while (i < end) {
      const sent = sendmmsg(this.fd, vector.address(i), end - i, MSG_DONTWAIT);
      if (sent > 0) {
        i += sent;
        continue;
      }
      const error = sent === 0 ? EIO : errno();
      if (error === EINTR) continue;
      if ((error === EAGAIN || error === ENOBUFS) && this.waitForRoom(error)) continue;
      refused(i++, error);
    }
  }

  /** Waits up to 1 ms for room in the socket's buffer; false when this call's patience is used up. */
  private waitForRoom(error: number): boolean {
    if (this.patience === 0) return false;
    this.patience--;
    structures.u32[POLLFD >> 2] = this.fd;
    structures.u32[(POLLFD >> 2) + 1] = POLLOUT;
    // ENOBUFS comes from a queue below the socket, which poll cannot watch: just wait.
    poll(structures.address(POLLFD), error === EAGAIN ? 1 : 0, 1);
    return true;
  }

  /**
   * A refused message of several datagrams goes again datagram by datagram: the path may not support segmentation
   * (EIO, EINVAL, EMSGSIZE), and one bad datagram must not cost the others.
   */
  private readonly splitMessage: Refusal = (i, error) => {
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
    this.splitFirst = first;
    this.transmit(this.single, 0, count, this.failSingle);
  };

  private readonly failSingle: Refusal = (k, error) => this.fail(this.splitFirst + k, error);

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
