// metrics: the node's metrics once, as Prometheus text (metrics.md §4).

import type { Host } from "../host.ts";
import { askStatus } from "../metrics/daemon-status.ts";
import { DOWN, writeMetrics } from "../metrics/metrics.ts";
import { replaceTextFile } from "../metrics/text-file.ts";
import { STDERR, STDOUT } from "../sys.ts";
import type { Arguments } from "./arguments.ts";
import type { Tool } from "./tool.ts";

/**
 * Asks the daemon and writes the metrics to a file. A daemon that does not answer is a metric, not a failure.
 *
 * @returns why the daemon does not answer, "" when it does
 * @throws ToolFailure when the file cannot be written; it keeps what it held
 */
export function writeMetricsFile(host: Host, path: string): string {
  const status = askStatus(host.sys);
  replaceTextFile(host, path, (emit) => {
    if (typeof status === "string") emit(DOWN);
    else writeMetrics(status, emit);
  });
  return typeof status === "string" ? status : "";
}

export const METRICS: Tool = {
  name: "metrics",
  help: `usage: subnetra metrics [--textfile FILE]

Asks the daemon once and prints its metrics in Prometheus' text format.

  --textfile FILE  write them to FILE instead, mode 0644, in one step; missing
                   directories are created

A daemon that does not answer gives the one metric "subnetra_up 0", a line on
standard error with the reason, and exit status 0.

Environment: SUBNETRA_SOCK (control socket of the daemon)

Example, every minute by cron on a router with node_exporter:
  * * * * * subnetra metrics --textfile /var/prometheus/subnetra.prom
`,
  grammar: { values: ["--textfile"] },
  run(host: Host, args: Arguments): number {
    const path = args.value("--textfile");
    const problem = path === null ? printMetrics(host) : writeMetricsFile(host, path);
    if (problem !== "") host.sys.print(STDERR, `metrics: ${problem}\n`);
    return 0;
  },
};

function printMetrics({ sys }: Host): string {
  const status = askStatus(sys);
  const print = (text: string): void => sys.print(STDOUT, text);
  if (typeof status !== "string") {
    writeMetrics(status, print);
    return "";
  }
  print(DOWN);
  return status;
}
