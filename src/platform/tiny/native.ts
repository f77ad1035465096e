// What bindings.c gives the program as the global `native`.

import type { DatagramSys, Sys } from "../../core/sys.ts";
import type { Engine } from "../../engine/exports.ts";

export interface Native {
  /** The program's arguments as byte strings, its own name first. */
  readonly argv: string[];
  /** The engine variant in use. */
  readonly variant: string;
  readonly sys: Sys & DatagramSys;
  readonly engine: Engine;
  /** Ends the process. */
  exit(status: number): never;
}

declare global {
  const native: Native;
}
