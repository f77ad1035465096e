// crypto-bench: what the primitives cost on this machine (tools.md §9).

import type { Host } from "../../core/host.ts";
import { STDOUT } from "../../core/sys.ts";
import type { Arguments } from "../../core/tools/arguments.ts";
import type { Tool } from "../../core/tools/tool.ts";
import { BENCH_VALUES, benchHead, benchLine, mustHold, nanoseconds, readBenchPlan } from "./bench-lines.ts";
import { CryptoBench, SLOTS } from "./crypto-floor.ts";

const nothing = (): void => {};

export const CRYPTO_BENCH: Tool = {
  name: "crypto-bench",
  help: `usage: subnetra crypto-bench [--size BYTES] [--iters N]

  --size BYTES   of plaintext, 1 to 1452 (default 1400)
  --iters N      operations of each kind (default 200000)

One core, no input or output. A round trip is checked first.
`,
  grammar: { values: BENCH_VALUES },
  run(host: Host, args: Arguments): number {
    const plan = readBenchPlan(args, 1);
    const { size, iters } = plan;
    const bench = new CryptoBench(host, size);
    mustHold(bench.roundTrip(), "a sealed datagram does not open");
    const print = (text: string): void => host.sys.print(STDOUT, text);
    const time = (run: (count: number) => void, prepare: (count: number) => void = nothing): number =>
      nanoseconds(iters, SLOTS, prepare, run);
    print(benchHead("crypto-bench", plan));
    print(
      benchLine(
        "seal",
        time((count) => bench.seal(count)),
        size,
      ),
    );
    const openNs = time(
      (count) => mustHold(bench.open(count), "a sealed datagram does not open"),
      (count) => bench.seal(count),
    );
    print(benchLine("open", openNs, size));
    print(
      benchLine(
        "deriveLinkKey",
        time((count) => bench.deriveLinkKeys(count)),
      ),
    );
    print(
      benchLine(
        "deriveSessionKey",
        time((count) => bench.deriveSessionKeys(count)),
      ),
    );
    return 0;
  },
};
