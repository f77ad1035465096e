// Delays UDP datagrams: listens on one port and passes each datagram on to a target after a while, and back.
//
//   node delay-forwarder.js <address> <port> <target address> <target port> <delay ms>
//
// A kernel without netem has no delay of its own. One client at a time; it is told apart from the target by socket.

import { createSocket, type RemoteInfo } from "node:dgram";

const [address, port, targetAddress, targetPort, delay] = process.argv.slice(2);
const outside = createSocket("udp4");
const inside = createSocket("udp4");
let client: RemoteInfo | undefined;

outside.on("message", (datagram, from) => {
  client = from;
  setTimeout(() => inside.send(datagram, Number(targetPort), targetAddress), Number(delay));
});
inside.on("message", (datagram) => {
  const to = client;
  if (to) setTimeout(() => outside.send(datagram, to.port, to.address), Number(delay));
});
inside.bind(0, address);
outside.bind(Number(port), address, () => console.log("forwarding"));
