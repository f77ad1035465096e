// Entry of a test program: standard input's configurations, judged by core inside the static file's runtime.

import { DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS } from "../../../../src/engine/abi.ts";
import type {} from "../../../../src/platform/tiny/native.ts";
import { checkMany } from "../check-many.ts";

native.engine.call.init(DEFAULT_PEERS, DEFAULT_RULES, DEFAULT_RX_BUFFERS);
native.exit(checkMany(native));
