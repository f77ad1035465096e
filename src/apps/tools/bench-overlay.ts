// bench-overlay: runs deploy/bench-overlay.sh, which is for nodes without Node.js as well (tools.md §11).

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ToolFailure } from "../../core/tools/arguments.ts";
import type { NodejsTool } from "./table.ts";

const script = fileURLToPath(new URL("../../../../deploy/bench-overlay.sh", import.meta.url));

export const BENCH_OVERLAY: NodejsTool = {
  name: "bench-overlay",
  help: `usage: subnetra bench-overlay serve OVERLAY_IP
       subnetra bench-overlay OVERLAY_IP [-t SECS] [-P STREAMS] [-n PINGS]
                              [-u] [-d DIRECT_IP]

  serve OVERLAY_IP  on the one node: its own address in the mesh
  OVERLAY_IP        on the other: that address
  -t SECS           per measurement (20)
  -P STREAMS        of the parallel one (4)
  -n PINGS          (20)
  -u                UDP too: unlimited, and in payloads of 64 bytes
  -d DIRECT_IP      the same node outside of the tunnel, to compare with; it
                    needs "iperf3 -s -B DIRECT_IP" there

Needs ping and iperf3. Exit status: 0 when the ping was answered, 1 when not,
2 for wrong arguments, 3 when a program is missing. A node without Node.js runs
deploy/bench-overlay.sh itself.
`,
  start(args: readonly string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, SUBNETRA_BIN: process.env.SUBNETRA_BIN ?? process.argv[1] };
      const child = spawn("sh", [script, ...args], { stdio: "inherit", env });
      // Whoever ends this program ends the measurement.
      const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
      const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
      for (const signal of signals) process.on(signal, forward);
      child.on("error", (error) => reject(new ToolFailure(`sh: ${error.message}`, "FileNotFound")));
      child.on("close", (status) => {
        for (const signal of signals) process.off(signal, forward);
        resolve(status ?? 1);
      });
    });
  },
};
