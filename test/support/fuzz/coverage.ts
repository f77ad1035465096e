// Which blocks of some sources have run, from V8's own counters.

import { type Profiler, Session } from "node:inspector";

/** One digit per power of two: running a block 5 or 6 times is the same. */
function magnitude(count: number): number {
  return Math.min(8, 32 - Math.clz32(count));
}

export class Coverage {
  private readonly session = new Session();
  private readonly part: string;

  /** @param part of the URLs of the sources to watch */
  constructor(part: string) {
    this.part = part;
    this.session.connect();
    this.session.post("Profiler.enable");
    this.session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    this.take();
  }

  /** The blocks that have run since the last call, each with about how often. */
  take(): string[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.session.post("Profiler.takePreciseCoverage", (error, coverage) => {
      if (error) throw error;
      scripts = coverage.result;
    });
    const features: string[] = [];
    for (const { url, functions } of scripts) {
      if (!url.includes(this.part)) continue;
      for (const { ranges } of functions) {
        if (ranges[0]!.count === 0) continue;
        // V8 joins neighbours that ran equally often, so a block that was left out says as much as one that ran.
        for (const { startOffset, endOffset, count } of ranges)
          features.push(`${url}:${startOffset}-${endOffset}*${magnitude(count)}`);
      }
    }
    return features;
  }

  close(): void {
    this.session.post("Profiler.stopPreciseCoverage");
    this.session.disconnect();
  }
}
