// The Node.js build's client, run again and again in one process: starting Node.js two thousand times would take minutes.
//
//   node many-clients.js <checkout> <count> <word> …
//
// The client's program is loaded anew each time and does all that a client does after Node.js has started. Its output is this
// process's output.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, count, ...words] = process.argv.slice(2) as [string, string, ...string[]];
const client = pathToFileURL(join(folder, "dist/src/apps/subnetra.js")).href;
process.argv.splice(2, process.argv.length, ...words);
for (let i = 0; i < Number(count); i++) await import(`${client}?${i}`);
