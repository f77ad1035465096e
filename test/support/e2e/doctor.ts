// The doctor, asked in a node's namespace. It is the Node.js build's, whichever build the daemon is.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { MeshNode } from "../../../lab/mesh-node.ts";
import type { Result } from "../../../lab/process.ts";
import { chooseBuilds } from "../../../lab/project.ts";

export const nodejs = chooseBuilds("nodejs").hub;
const WIDTH = 80;

export interface Finding {
  check: string;
  level: "pass" | "warn" | "fail";
  skipped: boolean;
  text: string;
  remedy: string;
  peer: number | null;
  counter: string | null;
}

export interface Report {
  readonly status: number;
  readonly findings: Finding[];
}

/** Runs the doctor beside a node, in the node's folder, so that its paths are short and always the same. */
export function runDoctor(
  node: MeshNode,
  options: { words?: readonly string[]; wrap?: readonly string[]; client?: readonly string[] } = {},
): Result {
  const { words = [], wrap = [], client = nodejs.client } = options;
  return node.lab.exec(node.name, [
    ...["env", `--chdir=${dirname(node.configPath)}`, "SUBNETRA_SOCK=subnetra.sock"],
    ...wrap,
    ...client,
    ...["doctor", "--config", "config.json"],
    ...words,
  ]);
}

/** The findings beside a node. */
export function examine(node: MeshNode, wrap: readonly string[] = []): Report {
  const result = runDoctor(node, { words: ["--json"], wrap });
  assert.equal(result.stderr, "");
  const report = JSON.parse(result.stdout) as { ok: boolean; findings: Finding[] };
  assert.equal(result.status, report.ok ? 0 : 1, result.stdout);
  return { status: result.status, findings: report.findings };
}

/** The findings of one check (and counter) that are not PASS. */
export function troubles({ findings }: Report, check: string, counter: string | null = null): Finding[] {
  return findings.filter(
    (one) => one.check === check && one.level !== "pass" && (counter === null || one.counter === counter),
  );
}

/** The screen without what differs from host to host and from run to run; it must fit 80 columns. */
export function screen(text: string): string {
  const kept: string[] = [];
  let dropping = false;
  for (const line of text.trimEnd().split("\n")) {
    assert.ok(line.length <= WIDTH, `${line.length} columns: ${line}`);
    if (!line.startsWith("      ")) dropping = / clock is synchron| calls the clock |rmem_max/.test(line);
    if (!dropping) kept.push(line);
  }
  return `${kept.join("\n")}\n`
    .replace(/subnetrad v\S+/g, "subnetrad vX")
    .replace(/\b(PASS {2}the clock says) \d+/g, "$1 YEAR")
    .replace(/\b\d+ s ago/g, "N s ago")
    .replace(/harmless: .*/g, "harmless: …")
    .replace(/\b\d+ datagrams(, rising)?/g, "N datagrams")
    .replace(/(drop_\w+): \d+ since the start(, rising \(\d+ in a second\))?/g, "$1: N since the start")
    .replace(/\(\d+ passed, \d+ warning/g, "(N passed, N warning");
}
