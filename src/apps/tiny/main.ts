// The program of the tiny build: one file that is daemon, client and tools, by the name it is called by.

import { CONFIG_GEN } from "../../core/tools/config-gen.ts";
import { CONFIG_LINT } from "../../core/tools/config-lint.ts";
import { KEY_DERIVE } from "../../core/tools/key-derive.ts";
import { KEYGEN } from "../../core/tools/keygen.ts";
import { METRICS } from "../../core/tools/metrics.ts";
import { MTU_PROBE } from "../../core/tools/mtu-probe.ts";
import { runProgram } from "./program.ts";

runProgram([KEYGEN, KEY_DERIVE, CONFIG_GEN, CONFIG_LINT, METRICS, MTU_PROBE]);
