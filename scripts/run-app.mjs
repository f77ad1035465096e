// Sets the project up, builds it when it has changed, and runs one of its applications in the foreground.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { root } from "./setup.mjs";

/** Runs dist/<name>/main.js with this process's arguments and exits as it does. */
export function runApp(name) {
  buildIfStale();
  const script = join(root, "dist", name, "main.js");
  const app = spawn(process.execPath, [script, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches the application by itself; this process only waits until it has cleaned up.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => app.kill(signal));
  app.on("exit", (code) => process.exit(code ?? 1));
}
