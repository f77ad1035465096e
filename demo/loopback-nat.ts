// A NAT in miniature for the demo without root: two inside ports, one outside socket each, all on loopback.
//
//   node loopback-nat.js <hub port of the first client> <hub port of the second>
//
// Tells its parent the inside ports, and gives the first client another outside address when asked to.

import { createSocket, type Socket } from "node:dgram";

const HUB = "127.0.0.1";
/** Outside addresses: of the first client, of the second, of the first after roaming. */
const FACES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

/** Where loopback is a single address, another port has to do for another address. */
function bind(socket: Socket, address: string): Promise<number> {
  return new Promise((resolve) => {
    const listening = () => resolve(socket.address().port);
    socket.once("error", () => socket.bind(0, "127.0.0.1", listening));
    socket.bind(0, address, listening);
  });
}

class Mapping {
  readonly inside = createSocket("udp4");
  private outside: Socket | undefined;
  private client = 0;
  private readonly hubPort: number;

  constructor(hubPort: number) {
    this.hubPort = hubPort;
    this.inside.on("message", (datagram, from) => {
      this.client = from.port;
      this.outside?.send(datagram, this.hubPort, HUB);
    });
  }

  /** Sends from another address from now on; what arrives at the old one is lost. */
  async face(address: string): Promise<void> {
    const socket = createSocket("udp4");
    await bind(socket, address);
    socket.on("message", (datagram) => {
      if (this.client !== 0) this.inside.send(datagram, this.client, "127.0.0.1");
    });
    this.outside?.close();
    this.outside = socket;
  }
}

const mappings = process.argv.slice(2).map((port) => new Mapping(Number(port)));
const ports: number[] = [];
for (const [i, mapping] of mappings.entries()) {
  await mapping.face(FACES[i]!);
  ports.push(await bind(mapping.inside, "127.0.0.1"));
}
process.on("message", () => void mappings[0]!.face(FACES[2]!));
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {});
process.send?.({ ports });
