// Serves a file of random bytes over HTTP, from wherever it runs.
//
//   node file-server.js <address> <port> <bytes>
//
// Prints "sha256=<hex>" when it listens. The file lives in memory: this measures a network, not a disk.

import { createHash, randomFillSync } from "node:crypto";
import { createServer } from "node:http";
import { pipeline, Readable } from "node:stream";

const CHUNK = 1 << 16;

const [address, port, size] = process.argv.slice(2);
const file = randomFillSync(Buffer.allocUnsafe(Number(size)));

function* chunks(): Generator<Buffer> {
  for (let at = 0; at < file.length; at += CHUNK) yield file.subarray(at, at + CHUNK);
}

createServer((_, response) => {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.length });
  // A client that goes away is its own business; the server stays.
  pipeline(Readable.from(chunks(), { objectMode: false }), response, () => {});
}).listen(Number(port), address, () => {
  console.log(`sha256=${createHash("sha256").update(file).digest("hex")}`);
});
