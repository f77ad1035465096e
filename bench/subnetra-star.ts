// Subnetra as a contender.

import { ping } from "../lab/ping.ts";
import { until } from "../lab/process.ts";
import type { Build } from "../lab/project.ts";
import { B_OVERLAY, Star } from "../lab/star.ts";
import type { Contender } from "./contender.ts";

const UP_WITHIN_MS = 10000;

let stars = 0;

export async function subnetraStar(build: Build, name: string): Promise<Contender> {
  const star = new Star(`bench${stars++}`, {
    builds: { hub: build, spokes: build },
    kind: "roles",
    hubAddress: true,
  });
  try {
    await star.start();
    await until(`${name} to carry a ping`, UP_WITHIN_MS, () => {
      return ping(star.lab, "a", B_OVERLAY, { count: 1, waitSeconds: 1 }).received === 1;
    });
  } catch (error) {
    star.close();
    throw error;
  }
  return { name, lab: star.lab, hubPid: star.hub.pid, close: () => star.close() };
}
