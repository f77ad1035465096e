// A local user without privileges who answers control requests before the daemon does: reads the abstract addresses of
// the network namespace from /proc/net/unix and sends a forged reply to every new one.
//
//   node forger.js <seconds>
//
// Prints "forging" when it starts and "tried=<addresses> taken=<replies>" at its end (also on SIGINT): replies that the kernel
// put into the receiver's queue.

import { readFileSync } from "node:fs";
import { AF_UNIX, SOCK_DGRAM, sendto, socket, unixAddress } from "./libc.ts";

const NOBODY = 65534;
const ABSTRACT = /@\S+$/gm;
const MSG_DONTWAIT = 0x40;

const reply = Buffer.from("subnetra v0 [running] forged\n");
const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
process.setgroups?.([]);
process.setgid?.(NOBODY);
process.setuid?.(NOBODY);

const known = new Set<string>();
const end = performance.now() + Number(process.argv[2]) * 1000;
let tried = 0;
let taken = 0;

function addresses(): string[] {
  return readFileSync("/proc/net/unix", "latin1").match(ABSTRACT) ?? [];
}

function turn(): void {
  const now = addresses();
  for (const name of now) {
    if (known.has(name)) continue;
    const target = unixAddress(name);
    tried++;
    if (sendto(fd, reply, reply.length, MSG_DONTWAIT, target, target.length) > 0) taken++;
  }
  // An address that is gone may be given out again.
  known.clear();
  for (const name of now) known.add(name);
  if (performance.now() >= end) finish();
  setImmediate(turn);
}

function finish(): never {
  console.log(`tried=${tried} taken=${taken}`);
  process.exit(0);
}

for (const name of addresses()) known.add(name);
process.on("SIGINT", finish);
console.log("forging");
turn();
