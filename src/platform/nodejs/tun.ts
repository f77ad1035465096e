// A TUN device as the platform uses it: the kernel's (linux/kernel-tun.ts) or queues in this program (tun-memory.ts).

export interface Tun {
  /** Opens the device under this name, or one like it. 0, 1 when handed over by the image before, or -(stage, errno). */
  open(name: string): number;
  /** The real name of the open device, "" before. */
  readonly name: string;
  /** Every packet carries a virtio header. */
  readonly vnet: boolean;
  /** Descriptor that is readable when packets wait, -1 without. */
  readonly fd: number;
  /** READY_* bits that hold now and that no descriptor tells of. Asked once before each wait. */
  pending(): number;
  /** Sys.tunReceive. */
  receive(): number;
  /** Sys.tunSend. */
  send(count: number): void;
  close(): void;
}
