// A healthy mesh to compare with, and meshes that are broken in one way each.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeshNode } from "../../../lab/mesh-node.ts";
import { ping } from "../../../lab/ping.ts";
import { builds, root } from "../../../lab/project.ts";
import { B_OVERLAY, Star, type StarOptions } from "../../../lab/star.ts";
import { examine, type Finding, type Report, runDoctor, screen, troubles } from "./doctor.ts";
import { assertNoSecrets } from "./secrets.ts";

const SCREENS = join(root, "test/support/e2e/screens");

type Name = "hub" | "a" | "b";

export class TroubleMesh {
  readonly healthy: Star;
  /** What the doctor says of the healthy nodes. */
  readonly well = {} as Record<Name, Report>;

  constructor(label: string) {
    this.healthy = new Star(label, { builds, kind: "roles" });
  }

  async start(): Promise<void> {
    const { healthy, well } = this;
    await healthy.start();
    const { received } = ping(healthy.lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2 });
    assert.equal(received, 3, "the mesh works");
    for (const name of ["hub", "a", "b"] as const) well[name] = examine(healthy[name]);
  }

  close(): void {
    this.healthy.close();
  }

  /** Breaks a mesh of its own, and cleans up. Nothing that was printed holds a key. */
  async broken(
    label: string,
    options: Partial<StarOptions>,
    body: (star: Star) => Promise<void> | void,
  ): Promise<void> {
    const star = new Star(label, { builds, kind: "roles", ...options });
    try {
      await body(star);
      const keys = [star.keys.a, star.keys.b, ...star.nodes.flatMap((n) => n.config.peers.map((p) => p.psk))];
      assertNoSecrets(
        star.outputs,
        keys.map((key) => Buffer.from(key, "hex")),
      );
    } finally {
      star.close();
    }
  }

  /** The doctor beside `node` names the cause; beside the healthy one the same check has nothing to say. */
  names(node: MeshNode, check: string, pattern: RegExp, counter: string | null = null): Finding {
    const report = examine(node);
    const [found] = troubles(report, check, counter);
    assert.ok(found, `${check} says nothing:\n${JSON.stringify(report.findings, null, 1)}`);
    assert.match(`${found.text} / ${found.remedy}`, pattern);
    assert.notEqual(found.remedy, "");
    const well = this.well[node.name as Name];
    assert.deepEqual(troubles(well, check, counter), [], "the healthy mesh passes this check");
    return found;
  }

  /** Compares what a person sees with what was kept; SUBNETRA_SCREENS=write keeps it anew. */
  compareScreen(name: string, node: MeshNode): void {
    const seen = screen(runDoctor(node).stdout);
    const file = join(SCREENS, `doctor-${name}.txt`);
    if (process.env.SUBNETRA_SCREENS === "write") writeFileSync(file, seen);
    assert.equal(seen, readFileSync(file, "utf8"));
  }
}

/** Of two pings from one node to an overlay address, those that were answered. */
export function tryPing(star: Star, from: string, to: string, size = 56): number {
  return ping(star.lab, from, to, { count: 2, intervalSeconds: 0.2, waitSeconds: 1, size }).received;
}
