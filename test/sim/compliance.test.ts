// The compliance suite over the simulator, and over the tests' own system that is made of it.

import { complianceSuite } from "../support/platform/compliance.ts";
import { fakeMachine, simMachine } from "../support/platform/sim-machine.ts";

complianceSuite("sim", 41_000, () => simMachine(true));
complianceSuite("sim without offloads", 41_000, () => simMachine(false));
complianceSuite("fake", 41_000, fakeMachine);
