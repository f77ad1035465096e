// Random numbers from the entropy that the host has put into REGION_SEED: for jitter and for digits that a coarse clock
// lacks. Never for keys.

import { seedBase } from "./layout";

/** splitmix64 over the host's seed: the numbers only have to differ between processes. */
export function random(): u64 {
  const state = load<u64>(seedBase) + 0x9e3779b97f4a7c15;
  store<u64>(seedBase, state);
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
