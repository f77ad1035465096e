// Sends UDP datagrams from wherever it runs and reports what comes back.
//
//   node udp-probe.js <address> <port> <count>x<hex> …
//
// Prints "sent=<n> answers=<n>".

import { createSocket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";

const PACE_MS = 2;
const LISTEN_MS = 500;

const [address, port, ...probes] = process.argv.slice(2);
const socket = createSocket("udp4");
let sent = 0;
let answers = 0;
socket.on("message", () => answers++);
// A refusal by ICMP surfaces here, on a connected socket only; it counts as an answer.
socket.on("error", () => answers++);
await new Promise<void>((resolve) => socket.connect(Number(port), address, resolve));
for (const probe of probes) {
  const [count, hex] = probe.split("x", 2);
  for (let i = 0; i < Number(count); i++) {
    await new Promise((resolve) => socket.send(Buffer.from(hex ?? "", "hex"), resolve));
    sent++;
    await pause(PACE_MS);
  }
}
await pause(LISTEN_MS);
socket.close();
console.log(`sent=${sent} answers=${answers}`);
