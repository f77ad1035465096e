// The compliance suite over real sockets on loopback, with and without offloads.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadEngine } from "../../src/engine/load.ts";
import { NodejsSys } from "../../src/platform/nodejs/sys.ts";
import { complianceSuite, type Machine } from "../support/platform/compliance.ts";

function machine(offload: string): Machine {
  process.env.SUBNETRA_OFFLOAD = offload;
  const engine = loadEngine();
  const sys = new NodejsSys(engine, { restart: false });
  delete process.env.SUBNETRA_OFFLOAD;
  const directory = mkdtempSync(join(tmpdir(), "subnetra-sys-"));
  const dispose = () => rmSync(directory, { recursive: true });
  return { sys, engine, address: "127.0.0.1", directory, dispose };
}

complianceSuite("nodejs", 41_000, () => machine("1"));
complianceSuite("nodejs without offloads", 41_200, () => machine("0"));
