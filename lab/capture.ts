// Packet captures with tcpdump, and the UDP payloads in them.

import { readFileSync } from "node:fs";
import type { Lab } from "./lab.ts";
import { type LabProcess, sleep } from "./process.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const UDP_HEADER = 8;

export class Capture {
  readonly path: string;
  private readonly process: LabProcess;

  private constructor(lab: Lab, namespace: string, device: string, filter: string) {
    this.path = lab.path(namespace, `${device}-${performance.now()}.pcap`);
    // -U writes each packet at once; --immediate-mode hands it over at once; -Z root keeps the private folder readable.
    const words = ["tcpdump", "-n", "-U", "--immediate-mode", "-Z", "root", "-s", "0"];
    this.process = lab.start(namespace, `tcpdump ${device}`, [
      ...words,
      "-i",
      device,
      "-w",
      this.path,
      ...filter.split(" ").filter(Boolean),
    ]);
  }

  /** Starts a capture on a device and waits until it listens. */
  static async start(lab: Lab, namespace: string, device: string, filter = ""): Promise<Capture> {
    const capture = new Capture(lab, namespace, device, filter);
    await capture.process.seen(/listening on/);
    return capture;
  }

  /** Ends the capture and returns the whole file. */
  async stop(): Promise<Buffer> {
    await sleep(300);
    await this.process.stop("SIGINT");
    return readFileSync(this.path);
  }
}

/** The link-layer frames in a capture file (little-endian pcap, as tcpdump writes on such hosts). */
export function frames(pcap: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= pcap.length; ) {
    const length = pcap.readUInt32LE(at + 8);
    found.push(pcap.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length));
    at += RECORD_HEADER + length;
  }
  return found;
}

export interface Datagram {
  readonly source: string;
  readonly sourcePort: number;
  readonly payload: Buffer;
}

/** The UDP datagrams over IPv4 in a capture of an Ethernet device. */
export function datagrams(pcap: Buffer): Datagram[] {
  const found: Datagram[] = [];
  for (const frame of frames(pcap)) {
    const ip = frame.subarray(ETHERNET_HEADER);
    if (ip.length < 28 || ip[0]! >> 4 !== 4 || ip[9] !== 17) continue;
    const udp = ip.subarray((ip[0]! & 15) * 4);
    found.push({
      source: ip.subarray(12, 16).join("."),
      sourcePort: udp.readUInt16BE(0),
      payload: udp.subarray(UDP_HEADER, udp.readUInt16BE(4)),
    });
  }
  return found;
}
