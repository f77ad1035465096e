// How each tool of `subnetra <tool>` is run on Node.js. Names and summaries are in core/tools/names.ts.

import { CONFIG_GEN } from "../../core/tools/config-gen.ts";
import { CONFIG_LINT } from "../../core/tools/config-lint.ts";
import { KEY_DERIVE } from "../../core/tools/key-derive.ts";
import { KEYGEN } from "../../core/tools/keygen.ts";
import { METRICS } from "../../core/tools/metrics.ts";
import { MTU_PROBE } from "../../core/tools/mtu-probe.ts";
import type { Tool } from "../../core/tools/tool.ts";
import { BENCH_OVERLAY } from "./bench-overlay.ts";
import { COMPLETION } from "./completion.ts";
import { CRYPTO_BENCH } from "./crypto-bench.ts";
import { DOCTOR } from "./doctor/doctor.ts";
import { EXPORTER } from "./exporter.ts";
import { FORWARD_BENCH } from "./forward-bench.ts";
import { UDP_BLAST } from "./udp-blast.ts";
import { WIRE_DECODE } from "./wire-decode.ts";

/** A tool that needs Node.js itself: it waits, or opens what Sys has not. */
export interface NodejsTool {
  /** As in names.ts. */
  readonly name: string;
  /** The text of --help behind its first line, a newline at the end. */
  readonly help: string;
  /** Does the work. Returns the exit status. @throws ToolFailure */
  start(args: readonly string[]): Promise<number>;
}

/** In the order of names.ts. */
export const TOOLS: readonly (Tool | NodejsTool)[] = [
  KEYGEN,
  KEY_DERIVE,
  CONFIG_GEN,
  CONFIG_LINT,
  WIRE_DECODE,
  METRICS,
  EXPORTER,
  MTU_PROBE,
  UDP_BLAST,
  CRYPTO_BENCH,
  FORWARD_BENCH,
  BENCH_OVERLAY,
  DOCTOR,
  COMPLETION,
];
