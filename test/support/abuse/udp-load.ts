// Load through the overlay: inner UDP packets at a steady rate.
//
//   node udp-load.js <destination> <packets per second> <inner bytes> <seconds>
//
// Prints "sent=<packets>" at the end.

import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";

const INNER_HEADERS = 28;
const DISCARD_PORT = 9;
const TICK_MS = 5;

const [destination, rate, length, seconds] = process.argv.slice(2) as [string, string, string, string];
const socket = createSocket("udp4");
// A refused destination (ICMP) is no reason to stop.
socket.on("error", () => {});
const payload = Buffer.alloc(Number(length) - INNER_HEADERS, 7);
const start = performance.now();
const total = Number(rate) * Number(seconds);
let sent = 0;
while (sent < total) {
  const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * Number(rate)));
  for (; sent < due; sent++) socket.send(payload, DISCARD_PORT, destination, () => {});
  await sleep(TICK_MS);
}
console.log(`sent=${sent}`);
socket.close();
