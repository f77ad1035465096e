// Downloads a file over HTTP and tells how it goes, one JSON object per line.
//
//   node file-client.js <url>
//
// While it runs: {"received":…,"total":…,"longestGapMs":…}; at the end also "seconds" and "sha256".

import { createHash } from "node:crypto";
import { get } from "node:http";

const REPORT_MS = 50;

const hash = createHash("sha256");
let received = 0;
let total = 0;
let longestGapMs = 0;
let lastData = 0;

function report(end: object = {}): void {
  console.log(JSON.stringify({ received, total, longestGapMs, ...end }));
}

const started = performance.now();
get(process.argv[2]!, (response) => {
  total = Number(response.headers["content-length"]);
  const timer = setInterval(report, REPORT_MS);
  lastData = performance.now();
  response.on("data", (chunk: Buffer) => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, Math.round(now - lastData));
    lastData = now;
    received += chunk.length;
    hash.update(chunk);
  });
  response.on("end", () => {
    clearInterval(timer);
    report({ seconds: (performance.now() - started) / 1000, sha256: hash.digest("hex") });
  });
}).on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
