// The compliance suite over the static file's Sys, and over the same sources under the sanitizers.

import { describe } from "node:test";
import { complianceSuite } from "../support/platform/compliance.ts";
import { remoteMachine } from "../support/tiny/remote-sys.ts";
import { skipWithoutProgram, testProgram } from "../support/tiny/tiny.ts";

let port = 43_000;
for (const target of [undefined, "sanitized"]) {
  const name = target ?? "the static file";
  describe(name, { skip: skipWithoutProgram("sys-driver", target) }, () => {
    const program = testProgram("sys-driver", target);
    for (const offload of ["1", "0"]) {
      const suite = offload === "1" ? name : `${name} without offloads`;
      complianceSuite(suite, port, () => remoteMachine(program, { SUBNETRA_OFFLOAD: offload }));
      port += 200;
    }
  });
}
