// The client on Node.js: control-protocol.md §8.

import { runClient } from "../core/client.ts";
import { NodeClientSys } from "../platform/node/client-sys.ts";
import { toByteString } from "../platform/node/process.ts";

process.exitCode = runClient(new NodeClientSys(), process.argv.slice(2).map(toByteString));
