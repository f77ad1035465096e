// The client on Node.js: control-protocol.md §8.

import { runClient } from "../core/control/client.ts";
import { NodejsClientSys } from "../platform/nodejs/client-sys.ts";
import { toByteString } from "../platform/nodejs/process.ts";

process.exitCode = runClient(new NodejsClientSys(), process.argv.slice(2).map(toByteString));
