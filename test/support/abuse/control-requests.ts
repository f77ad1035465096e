// A flood of control requests: datagrams of 4 KiB full of "status --json" lines.
//
//   node control-requests.js <socket path> unbound|bound <seconds>
//
// An unbound socket has no address to answer to; a bound one reads and drops what comes back. It sends as fast as the
// daemon's queue takes it and sleeps a millisecond when that is full, so it leaves the processor to the daemon.
// Prints "flooding" when it starts and "sent=<datagrams> replies=<datagrams>" at its end.

import {
  AF_UNIX,
  bindSocket,
  EAGAIN,
  errno,
  MSG_DONTWAIT,
  pinned,
  recv,
  SOCK_DGRAM,
  sendto,
  socket,
  unixAddress,
} from "./libc.ts";

const REQUEST_LENGTH = 4096;
const REPLY_LENGTH = 1 << 20;
const SLEEP_MS = 1;
const LINE = "status --json\n";

const [path, kind, secondsText] = process.argv.slice(2) as string[];
const request = Buffer.from(LINE.repeat(Math.floor(REQUEST_LENGTH / LINE.length)));
const target = unixAddress(path!);
const reply = pinned(REPLY_LENGTH).memory;
const fd = socket(AF_UNIX, SOCK_DGRAM, 0);
if (fd < 0) throw new Error(`socket: errno ${errno()}`);
if (
  kind === "bound" &&
  bindSocket(fd, unixAddress(`@abuse-${process.pid}`), 3 + `abuse-${process.pid}`.length) < 0
) {
  throw new Error(`bind: errno ${errno()}`);
}

const end = performance.now() + Number(secondsText) * 1000;
let sent = 0;
let replies = 0;

function turn(): void {
  while (recv(fd, reply, REPLY_LENGTH, MSG_DONTWAIT) > 0) replies++;
  while (sendto(fd, request, request.length, MSG_DONTWAIT, target, target.length) > 0) sent++;
  if (errno() !== EAGAIN) throw new Error(`sendto: errno ${errno()}`);
  if (performance.now() < end) {
    setTimeout(turn, SLEEP_MS);
    return;
  }
  console.log(`sent=${sent} replies=${replies}`);
  process.exit(0);
}

console.log("flooding");
turn();
