// A tunnel that takes part in the benchmark: the star of deployment.md §13 with all three nodes up, A, hub and B
// having the overlay addresses 10.0.0.2, .1 and .3, MTU 1400.

import type { Lab } from "../lab/lab.ts";

export interface Contender {
  readonly name: string;
  readonly lab: Lab;
  /** Process of the hub. */
  readonly hubPid: number;
  close(): void;
}
