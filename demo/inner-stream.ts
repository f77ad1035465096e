// A small reliable stream over inner packets: numbered segments, cumulative acknowledgements, go-back-N.
//
// Segment: u8 type, 3 bytes zero, u32 number, then the data. GET asks for the file from the beginning; DATA carries
// segment `number`; ACK says that all segments below `number` have arrived. The last DATA segment is the short one.

const HEADER = 8;
const GET = 1;
const DATA = 2;
const ACK = 3;

/** Data bytes per segment: a 1400-byte packet with the IPv4 header and ours. */
export const SEGMENT = 1372;
/** Segments on their way; small enough for a default socket buffer on each hop. */
const WINDOW = 64;
const ACK_EVERY = 8;
const DUPLICATES = 3;
const RESEND_MS = 100;

/** Sends one message to the other end; false when it had to be dropped at once. */
export type Send = (length: number, fill: (message: Uint8Array) => void) => boolean;

function sendMessage(
  send: Send,
  type: number,
  number: number,
  data: Uint8Array = new Uint8Array(0),
): boolean {
  return send(HEADER + data.length, (message) => {
    message[0] = type;
    new DataView(message.buffer, message.byteOffset).setUint32(4, number);
    message.set(data, HEADER);
  });
}

function numberOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(4);
}

/** The sending end: serves one file again and again. */
export class StreamSender {
  private readonly file: Uint8Array;
  private readonly send: Send;
  private readonly segments: number;
  private base: number;
  private next = 0;
  private duplicates = 0;
  /** No second fall-back before this segment is acknowledged. */
  private recoverUntil = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(file: Uint8Array, send: Send) {
    this.file = file;
    this.send = send;
    // A whole number of segments is followed by an empty one, so that the end always shows.
    this.segments = Math.floor(file.length / SEGMENT) + 1;
    this.base = this.segments;
  }

  receive(message: Uint8Array): void {
    if (message[0] === GET) this.start();
    else if (message[0] === ACK) this.acknowledged(numberOf(message));
  }

  private start(): void {
    this.base = this.next = this.duplicates = this.recoverUntil = 0;
    this.pump();
  }

  private acknowledged(number: number): void {
    if (number > this.next) return;
    if (number > this.base) {
      this.base = number;
      this.duplicates = 0;
    } else if (++this.duplicates >= DUPLICATES && this.base >= this.recoverUntil) {
      this.fallBack();
    }
    this.pump();
  }

  private fallBack(): void {
    this.recoverUntil = this.next;
    this.next = this.base;
    this.duplicates = 0;
  }

  private pump(): void {
    clearTimeout(this.timer);
    if (this.base >= this.segments) return;
    const end = Math.min(this.base + WINDOW, this.segments);
    while (this.next < end) {
      const at = this.next * SEGMENT;
      if (!sendMessage(this.send, DATA, this.next, this.file.subarray(at, at + SEGMENT))) break;
      this.next++;
    }
    this.timer = setTimeout(() => {
      this.fallBack();
      this.pump();
    }, RESEND_MS);
  }
}

/** The receiving end of one transfer. */
export class StreamReceiver {
  private readonly send: Send;
  private readonly onData: (data: Uint8Array, last: boolean) => void;
  private expected = 0;
  private done = false;
  private timer: NodeJS.Timeout;

  /** `onData` gets every segment's data once and in order. */
  constructor(send: Send, onData: (data: Uint8Array, last: boolean) => void) {
    this.send = send;
    this.onData = onData;
    sendMessage(send, GET, 0);
    // Asks again while nothing comes, and tells a new address while nothing gets through.
    this.timer = setInterval(
      () => sendMessage(send, this.expected === 0 ? GET : ACK, this.expected),
      RESEND_MS,
    );
  }

  receive(message: Uint8Array): void {
    if (message[0] !== DATA || this.done) return;
    const inOrder = numberOf(message) === this.expected;
    const data = message.subarray(HEADER);
    if (inOrder) {
      this.expected++;
      this.done = data.length < SEGMENT;
      this.onData(data, this.done);
      if (this.done) clearInterval(this.timer);
    }
    if (!inOrder || this.done || this.expected % ACK_EVERY === 0) sendMessage(this.send, ACK, this.expected);
  }
}
