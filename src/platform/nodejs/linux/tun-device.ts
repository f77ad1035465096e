// Opening the TUN device, os-backends.md §1, with segmentation offload where the kernel has it.

import * as fs from "node:fs";
import { failure, TUN_IOCTL, TUN_OPEN } from "../../../core/sys.ts";
import { TUN_OFFLOADS, VNET_LENGTH } from "../../../engine/abi.ts";
import { attempt, closeFile } from "../files.ts";
import { errno, ioctl } from "../libc.ts";
import { structures } from "../native-memory.ts";
import {
  IFF_NO_PI,
  IFF_TUN,
  IFF_VNET_HDR,
  IFNAMSIZ,
  IFREQ_LENGTH,
  TUNGETIFF,
  TUNSETIFF,
  TUNSETOFFLOAD,
  TUNSETVNETHDRSZ,
} from "./constants.ts";

const DEVICE = "/dev/net/tun";
const IFREQ = structures.reserve(IFREQ_LENGTH);
const HEADER_SIZE = structures.reserve(4);
const FLAGS = IFREQ + IFNAMSIZ;

export interface TunDevice {
  readonly fd: number;
  readonly name: string;
  /** Every packet carries a virtio header. */
  readonly vnet: boolean;
}

/**
 * Opens a TUN device.
 *
 * @param name wanted name, cut at 15 characters; the kernel may complete it ("tun%d").
 * @param offload ask for checksum and TCP segmentation offload; plain packets when the kernel refuses.
 * @returns the device, or -(stage, errno).
 */
export function openTun(name: string, offload: boolean): TunDevice | number {
  if (offload) {
    const device = openAs(name, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
    if (typeof device !== "number") {
      if (enableOffload(device.fd)) return device;
      closeFile(device.fd);
    }
  }
  return openAs(name, IFF_TUN | IFF_NO_PI);
}

function openAs(name: string, flags: number): TunDevice | number {
  const fd = attempt(() => fs.openSync(DEVICE, fs.constants.O_RDWR | fs.constants.O_NONBLOCK));
  if (fd < 0) return failure(TUN_OPEN, -fd);
  structures.u8.fill(0, IFREQ, IFREQ + IFREQ_LENGTH);
  structures.setBytes(IFREQ, name.slice(0, IFNAMSIZ - 1));
  structures.u32[FLAGS >> 2] = flags;
  if (ioctl(fd, TUNSETIFF, structures.address(IFREQ)) < 0) {
    const error = errno();
    closeFile(fd);
    return failure(TUN_IOCTL, error);
  }
  return { fd, name: structures.string(IFREQ, IFNAMSIZ), vnet: (flags & IFF_VNET_HDR) !== 0 };
}

function enableOffload(fd: number): boolean {
  structures.u32[HEADER_SIZE >> 2] = VNET_LENGTH;
  return (
    ioctl(fd, TUNSETVNETHDRSZ, structures.address(HEADER_SIZE)) === 0 &&
    ioctl(fd, TUNSETOFFLOAD, TUN_OFFLOADS) === 0
  );
}

/** The device behind a descriptor that is an attached TUN without packet information, else null. */
export function inspectTun(fd: number): TunDevice | null {
  structures.u8.fill(0, IFREQ, IFREQ + IFREQ_LENGTH);
  if (ioctl(fd, TUNGETIFF, structures.address(IFREQ)) < 0) return null;
  const flags = structures.u32[FLAGS >> 2]!;
  if ((flags & (IFF_TUN | IFF_NO_PI)) !== (IFF_TUN | IFF_NO_PI)) return null;
  return { fd, name: structures.string(IFREQ, IFNAMSIZ), vnet: (flags & IFF_VNET_HDR) !== 0 };
}
