// Another local user who answers the client in the daemon's place: finds every abstract socket name of this machine in
// /proc/net/unix and floods it with forged replies, until its standard input ends.

import { readFileSync } from "node:fs";
import { NodejsClientSys } from "../../../src/platform/nodejs/client-sys.ts";

const sys = new NodejsClientSys();
const fd = sys.unixOpen(0);
let tried = 0;
let taken = 0;

process.stdin.on("end", () => {
  console.log(`tried=${tried} taken=${taken}`);
  process.exit(0);
});
process.stdin.resume();
process.stdout.write("ready\n");

/** Floods whatever is there now, then lets the end of standard input be noticed. */
function flood(): void {
  for (let round = 0; round < 50; round++) {
    for (const [, name] of readFileSync("/proc/net/unix", "latin1").matchAll(/ @([0-9a-f]{5})$/gm)) {
      for (let i = 0; i < 5; i++) {
        tried++;
        if (sys.unixSend(fd, "FORGED\n", `\0${name}`) === 0) taken++;
      }
    }
  }
  setImmediate(flood);
}
flood();
