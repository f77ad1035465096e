// exporter: the node's metrics for Prometheus, by HTTP or in a text file, from a process of its own (metrics.md §5).

import type { AddressInfo, Server } from "node:net";
import { parseDecimal } from "../../core/decimal.ts";
import { STDERR, STDOUT } from "../../core/sys.ts";
import { Arguments, ToolFailure } from "../../core/tools/arguments.ts";
import { writeMetricsFile } from "../../core/tools/metrics.ts";
import { loadEngine } from "../../engine/load.ts";
import { NodejsClientSys } from "../../platform/nodejs/client-sys.ts";
import { NodejsToolSys } from "../../platform/nodejs/tool-sys.ts";
import { metricsServer } from "./exporter-server.ts";
import { MetricsSource } from "./exporter-source.ts";
import type { NodejsTool } from "./table.ts";

const LISTEN = "127.0.0.1:9477";
const INTERVAL_MS = 15_000;
const MAX_PORT = 65535;

const HELP = `usage: subnetra exporter [--listen ADDR:PORT]
       subnetra exporter --textfile FILE [--once]

Gives Prometheus the metrics of the daemon on this machine. It needs no
privileges but to open the control socket.

  --listen ADDR:PORT  where to serve /metrics and /healthz
                      (default ${LISTEN}; [ADDR]:PORT for IPv6)
  --textfile FILE     write FILE every 15 s instead, for node_exporter's
                      textfile collector; its name must end in .prom there
  --once              write it once and end

While the daemon does not answer, /metrics has the one metric "subnetra_up 0"
and /healthz the status 503.

Environment: SUBNETRA_SOCK (control socket of the daemon)

Example:
  subnetra exporter &
  curl http://${LISTEN}/metrics
`;

/** @throws ToolFailure */
function parseListen(text: string): { host: string; port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const port = found === null ? -1 : parseDecimal(found[3]!, 0, found[3]!.length, MAX_PORT);
  if (found === null || port < 0) {
    throw new ToolFailure(`--listen must be ADDR:PORT, such as ${LISTEN} or [::1]:9477`);
  }
  return { host: found[1] ?? found[2]!, port };
}

function listen(server: Server, text: string): Promise<void> {
  const { host, port } = parseListen(text);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const hint =
        error.code === "EADDRINUSE" ? "another program has this port; choose one with --listen" : error.code;
      reject(new ToolFailure(`cannot listen on ${text} (${hint})`, "BindFailed"));
    });
    server.listen({ host, port }, resolve);
  });
}

/** Waits for SIGTERM or SIGINT, at most `ms`. True when one came, now or earlier. */
class Stop {
  private came = false;
  private wake = () => {};

  constructor() {
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => {
        this.came = true;
        this.wake();
      });
  }

  wait(ms?: number): Promise<boolean> {
    if (this.came) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => resolve(false), ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/** Tells once what changes: that something is wrong, and that it is not any more. */
function teller(sys: NodejsClientSys): (problem: string) => void {
  let last = "";
  return (problem) => {
    if (problem !== last) sys.print(STDERR, `exporter: ${problem || "the daemon answers"}\n`);
    last = problem;
  };
}

async function serve(text: string): Promise<number> {
  const sys = new NodejsClientSys();
  const stop = new Stop();
  const server = metricsServer(new MetricsSource(sys, teller(sys)));
  await listen(server, text);
  const { address, family, port } = server.address() as AddressInfo;
  const place = family === "IPv6" ? `[${address}]` : address;
  sys.print(STDOUT, `exporter: listening on http://${place}:${port}/metrics\n`);
  await stop.wait();
  server.close();
  server.closeAllConnections();
  return 0;
}

async function writeFiles(path: string, once: boolean): Promise<number> {
  const engine = loadEngine();
  const sys = new NodejsToolSys(engine);
  const tell = teller(sys);
  if (once) {
    tell(writeMetricsFile({ engine, sys }, path));
    return 0;
  }
  const stop = new Stop();
  for (;;) {
    try {
      tell(writeMetricsFile({ engine, sys }, path));
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      // A full disk may have room again in 15 s.
      tell(error.text);
    }
    if (await stop.wait(INTERVAL_MS)) return 0;
  }
}

export const EXPORTER: NodejsTool = {
  name: "exporter",
  help: HELP,
  start(words: readonly string[]): Promise<number> {
    const args = new Arguments({ values: ["--listen", "--textfile"], switches: ["--once"] }, words);
    const path = args.value("--textfile");
    const place = args.value("--listen");
    if (path !== null && place !== null) throw new ToolFailure("choose one of --listen and --textfile");
    if (path === null && args.has("--once")) throw new ToolFailure("--once needs --textfile FILE");
    return path === null ? serve(place ?? LISTEN) : writeFiles(path, args.has("--once"));
  },
};
