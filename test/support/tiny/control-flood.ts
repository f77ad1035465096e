// Sends control datagrams from wherever it runs: well-formed requests, whose replies it reads, or hostile ones.
//
//   node control-flood.js <socket path> requests|hostile <count>
//
// Prints "sent=<n> answered=<n>".

import { ClientSocket } from "../../../src/core/control/client-socket.ts";
import { NodejsClientSys } from "../../../src/platform/nodejs/client-sys.ts";

const REQUESTS = ["status", "status --json", "policy show", "save", "nonsense", "policy add --src x"];
const REPLY_MS = 1000;
const WORDS = [
  "policy",
  "add",
  "show",
  "save",
  "status",
  "--json",
  "--src",
  "--dst",
  "--target",
  "0.0.0.0/0",
  "\n",
  "\t",
];

/** Bytes that no client sends: noise, endless lines, many lines, brackets, oversize. */
function hostile(i: number): string {
  const word = (n: number) => WORDS[(i * 7 + n * 13) % WORDS.length]!;
  const noise = (length: number) =>
    Array.from({ length }, (_, n) => String.fromCharCode((i * 31 + n * n * 17 + n) & 255)).join("");
  switch (i % 6) {
    case 0:
      return noise(i % 4096);
    case 1:
      return Array.from({ length: i % 300 }, (_, n) => word(n)).join(" ");
    case 2:
      return "status\n".repeat(i % 40);
    case 3:
      return "[".repeat(65536);
    case 4:
      return `policy add --src ${"9".repeat(i % 3000)} --dst 0.0.0.0/0`;
    default:
      return "\0".repeat(4090 + (i % 12));
  }
}

const [path, kind, count] = process.argv.slice(2);
const client = ClientSocket.open(new NodejsClientSys(), path!, true);
if (!(client instanceof ClientSocket)) throw new Error(client.name);
let sent = 0;
let answered = 0;
for (let i = 0; i < Number(count); i++) {
  const text = kind === "hostile" ? hostile(i) : REQUESTS[i % REQUESTS.length]!;
  // A full queue is the daemon's backlog: let it catch up.
  for (let tries = 0; tries < 1000; tries++) {
    if (client.send(text) >= 0) {
      sent++;
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const expected = kind !== "hostile" && i % REQUESTS.length < 4;
  while (client.receive(expected ? REPLY_MS : 0) !== null) {
    answered++;
    if (expected) break;
  }
}
client.close();
console.log(`sent=${sent} answered=${answered}`);
