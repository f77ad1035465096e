// Sets the project up, builds it when it is not built yet, and shows the demo.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { root } from "./setup.mjs";

buildIfStale();
const demo = spawn(process.execPath, [join(root, "dist/src/apps/demo/main.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
// Ctrl-C reaches the demo by itself; this process only waits for it to clean up.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT") demo.kill(signal);
  });
}
demo.on("exit", (code) => process.exit(code ?? 1));
