// The same for targets whose code is so long that the file would be over its limit with every tool.

import { CONFIG_LINT } from "../../core/tools/config-lint.ts";
import { KEY_DERIVE } from "../../core/tools/key-derive.ts";
import { KEYGEN } from "../../core/tools/keygen.ts";
import { METRICS } from "../../core/tools/metrics.ts";
import { MTU_PROBE } from "../../core/tools/mtu-probe.ts";
import { runProgram } from "./program.ts";

runProgram([KEYGEN, KEY_DERIVE, CONFIG_LINT, METRICS, MTU_PROBE]);
