// What core runs on: the data plane and the operating system.

import type { Engine } from "../engine/exports.ts";
import type { Sys } from "./sys.ts";

export interface Host {
  readonly engine: Engine;
  readonly sys: Sys;
}
