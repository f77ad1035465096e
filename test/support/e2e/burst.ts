// Sends many small UDP datagrams as fast as it can, from wherever it runs.
//
//   node burst.js <address> <port> <count>
//
// Prints "sent=<n>".

import { createSocket } from "node:dgram";

const [address, port, count] = process.argv.slice(2);
const socket = createSocket("udp4");
await new Promise<void>((resolve) => socket.connect(Number(port), address, resolve));
const bytes = Buffer.from("not for anybody");
for (let i = 0; i < Number(count); i++) {
  await new Promise<void>((resolve, reject) =>
    socket.send(bytes, (error) => (error ? reject(error) : resolve())),
  );
}
socket.close();
console.log(`sent=${count}`);
