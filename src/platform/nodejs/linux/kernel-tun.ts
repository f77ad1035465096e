// The kernel's TUN device as a Tun, taken over from the image before this one where there is one.

import type { Engine } from "../../../engine/exports.ts";
import { closeFile } from "../files.ts";
import type { Tun } from "../tun.ts";
import type { Privileges } from "./privileges.ts";
import { openTun, type TunDevice } from "./tun-device.ts";
import { TunIo } from "./tun-io.ts";

export class KernelTun implements Tun {
  private readonly engine: Engine;
  private readonly privileges: Privileges;
  private readonly offload: boolean;
  private device: TunDevice | null = null;
  private io: TunIo | null = null;

  /** @param offload ask for segmentation offload */
  constructor(engine: Engine, privileges: Privileges, offload: boolean) {
    this.engine = engine;
    this.privileges = privileges;
    this.offload = offload;
  }

  open(name: string): number {
    const handed = this.privileges.inherited?.takeTun() ?? null;
    const device = handed ?? openTun(name, this.offload);
    if (typeof device === "number") return device;
    this.device = device;
    // Only now: the engine's regions do not move after the first device is opened.
    this.io = new TunIo(this.engine);
    if (this.privileges.collected !== null) this.privileges.collected.tun = device;
    return handed === null ? 0 : 1;
  }

  get name(): string {
    return this.device === null ? "" : this.device.name;
  }

  get vnet(): boolean {
    return this.device?.vnet ?? false;
  }

  get fd(): number {
    return this.device === null ? -1 : this.device.fd;
  }

  pending(): number {
    return 0;
  }

  receive(): number {
    return this.io!.receive(this.device!.fd, this.device!.vnet);
  }

  send(count: number): void {
    this.io!.send(this.device!.fd, count);
  }

  close(): void {
    if (this.device !== null) closeFile(this.device.fd);
    this.device = null;
  }
}
