// Every fuzz target, by name.

import { ENGINE_TARGETS } from "./engine-targets.ts";
import type { Target } from "./target.ts";
import { TEXT_TARGETS } from "./text-targets.ts";

export const TARGETS: readonly Target[] = [...TEXT_TARGETS, ...ENGINE_TARGETS];
