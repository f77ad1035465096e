// A flood of datagrams that no key opens, at an even pace.
//
//   node junk.js <address> <port,port,…> <datagrams/s> <bytes> <seconds> [<other port,port,…>]
//
// Each datagram is random and comes from one of several source ports, so nothing about it is known already. One
// sendmmsg a millisecond at most: 20,000 a second cost a tenth of a processor core, whoever the datagrams are for.
// SIGUSR2 turns it to the other ports, of the same number, and back: the same work for another receiver.
// Prints "flooding" when it starts and "sent=<datagrams> ms=<time>" at its end (also on SIGINT).

import { getRandomValues } from "node:crypto";
import { AF_INET, bindSocket, errno, inetAddress, pinned, SOCK_DGRAM, sendmmsg, socket } from "./libc.ts";

const SOURCES = 16;
const BATCH = 64;
const TICK_MS = 1;
const MMSGHDR = 64;
const IOVEC = 16;
const NAME = 16;

const [address, portsText, rateText, sizeText, secondsText, otherText] = process.argv.slice(2) as string[];
let ports = portsText!.split(",").map(Number);
let others = (otherText ?? portsText!).split(",").map(Number);
const rate = Number(rateText);
const size = Number(sizeText);

const headersAt = 0;
const iovecsAt = headersAt + BATCH * MMSGHDR;
const namesAt = iovecsAt + BATCH * IOVEC;
const bytesAt = namesAt + ports.length * NAME;
const { memory, address: base } = pinned(bytesAt + BATCH * size);
const view = new DataView(memory.buffer);

function aim(): void {
  for (const [i, port] of ports.entries()) memory.set(inetAddress(address!, port), namesAt + i * NAME);
}

/** An array of struct mmsghdr: entry i goes to port i modulo the number of ports, with `size` bytes of its own. */
function layOut(): void {
  aim();
  for (let i = 0; i < BATCH; i++) {
    const header = headersAt + i * MMSGHDR;
    const iovec = iovecsAt + i * IOVEC;
    view.setBigUint64(header, BigInt(base + namesAt + (i % ports.length) * NAME), true);
    view.setUint32(header + 8, NAME, true);
    view.setBigUint64(header + 16, BigInt(base + iovec), true);
    view.setBigUint64(header + 24, 1n, true);
    view.setBigUint64(iovec, BigInt(base + bytesAt + i * size), true);
    view.setBigUint64(iovec + 8, BigInt(size), true);
  }
}

function openSource(): number {
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bindSocket(fd, inetAddress("0.0.0.0", 0), NAME) < 0)
    throw new Error(`socket: errno ${errno()}`);
  return fd;
}

layOut();
const sources = Array.from({ length: SOURCES }, openSource);
const started = performance.now();
const end = started + Number(secondsText) * 1000;
let sent = 0;
let batches = 0;

function finish(): never {
  console.log(`sent=${sent} ms=${Math.round(performance.now() - started)}`);
  process.exit(0);
}

function tick(): void {
  const now = performance.now();
  if (now >= end) finish();
  // What is due by now, after a pause in steps of at most 10 ms' worth: the rate is kept without a burst.
  let due = Math.min(Math.floor(((now - started) / 1000) * rate) - sent, Math.ceil((rate / 1000) * 10));
  while (due > 0) {
    const count = Math.min(due, BATCH);
    getRandomValues(memory.subarray(bytesAt, bytesAt + count * size));
    const taken = sendmmsg(sources[batches++ % SOURCES]!, base + headersAt, count, 0);
    if (taken <= 0) break;
    sent += taken;
    due -= taken;
  }
  setTimeout(tick, TICK_MS);
}

process.on("SIGUSR2", () => {
  [ports, others] = [others, ports];
  aim();
});
process.on("SIGINT", finish);
console.log("flooding");
tick();
