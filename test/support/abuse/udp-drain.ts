// Sockets that take datagrams and let the kernel throw them away: what a flood costs when no daemon looks at it.
//
//   node udp-drain.js <port> …
//
// Nobody reads them, so they are full at once. Prints "open" and stays until it is ended.

import { AF_INET, bindSocket, errno, inetAddress, SOCK_DGRAM, socket } from "./libc.ts";

for (const port of process.argv.slice(2).map(Number)) {
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bindSocket(fd, inetAddress("0.0.0.0", port), 16) < 0)
    throw new Error(`socket: errno ${errno()}`);
}
console.log("open");
setInterval(() => {}, 1 << 30);
