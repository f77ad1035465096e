// A TUN device without a kernel: packets from the machine's own programs wait to be read, written ones are collected.

import { encodeVnet, expandFrame, GSO_NONE, VNET_LENGTH } from "./tcp-offload.ts";

const EIO = 5;
const EINVAL = 22;
/** Frames the device holds before it drops, as txqueuelen does. */
const QUEUE_LENGTH = 500;

const PLAIN_HEADER = encodeVnet({
  needsChecksum: false,
  gsoType: GSO_NONE,
  headerLength: 0,
  segmentSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
});

export class VirtualTun {
  readonly name: string;
  /** True when every frame starts with a virtio header (IFF_VNET_HDR). */
  readonly vnet: boolean;
  /** False: the interface is down, and writes fail. */
  up = true;
  /** Frames the daemon has yet to read. */
  readonly waiting: Uint8Array[] = [];
  /** Called when a frame has been queued. */
  onReadable: () => void = () => {};
  /** Called with every inner packet that the daemon delivers. */
  onDelivery: (packet: Uint8Array) => void = () => {};

  constructor(name: string, vnet: boolean) {
    this.name = name;
    this.vnet = vnet;
  }

  /** A program on this machine sends a packet. False when the queue is full. */
  send(packet: Uint8Array): boolean {
    if (!this.vnet) return this.sendFrame(packet);
    const frame = new Uint8Array(VNET_LENGTH + packet.length);
    frame.set(PLAIN_HEADER);
    frame.set(packet, VNET_LENGTH);
    return this.sendFrame(frame);
  }

  /** The same with the virtio header in place (for a super-packet). */
  sendFrame(frame: Uint8Array): boolean {
    if (this.waiting.length >= QUEUE_LENGTH) return false;
    this.waiting.push(frame);
    this.onReadable();
    return true;
  }

  /** The daemon writes a frame. 0 or an errno. */
  write(frame: Uint8Array): number {
    if (!this.up) return EIO;
    if (frame.length < (this.vnet ? VNET_LENGTH + 1 : 1)) return EINVAL;
    for (const packet of this.vnet ? expandFrame(frame) : [frame]) this.onDelivery(packet);
    return 0;
  }
}
