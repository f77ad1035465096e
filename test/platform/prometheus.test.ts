// What lies in deploy/prometheus: Prometheus accepts it, and it names no metric that there is not.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../lab/project.ts";
import { METRIC_NAMES, needsPromtool, promtool } from "../support/prometheus.ts";

const folder = join(root, "deploy/prometheus");
const alerts = readFileSync(join(folder, "alerts.yml"), "utf8");
const dashboard = readFileSync(join(folder, "grafana-dashboard.json"), "utf8");

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets: readonly { readonly expr: string }[];
}

const panels = (JSON.parse(dashboard) as { panels: Panel[] }).panels;

test("promtool accepts the rules, their tests pass, and so does the example configuration", {
  skip: needsPromtool,
}, () => {
  promtool(["check", "rules", "alerts.yml"], "", folder);
  promtool(["test", "rules", "alerts.test.yml"], "", folder);
  promtool(["check", "config", "prometheus.yml"], "", folder);
});

test("promtool parses every expression of the dashboard", { skip: needsPromtool }, () => {
  const place = mkdtempSync(join(tmpdir(), "subnetra-dashboard-"));
  try {
    const rules = panels
      .flatMap(({ targets }) => targets)
      .map(({ expr }, i) => ({ record: `panel:${i}`, expr: expr.replaceAll("$__rate_interval", "5m") }));
    assert.ok(rules.length > 10);
    // JSON is YAML.
    writeFileSync(join(place, "rules.yml"), JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    promtool(["check", "rules", join(place, "rules.yml")]);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("rules and dashboard name only metrics that the exporter has", () => {
  const expressions = [
    ...[...alerts.matchAll(/expr: (\|\n(?: {10}.*\n)+|.*\n)/g)].map(([, expr]) => expr!),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...[...dashboard.matchAll(/label_values\([^)]*\)/g)].map(([expr]) => expr),
  ];
  assert.equal(
    expressions.length,
    (alerts.match(/expr:/g) ?? []).length + panels.flatMap((p) => p.targets).length + 4,
  );
  for (const expr of expressions) {
    const names = expr.match(/subnetra_\w+/g);
    assert.ok(names, expr);
    for (const name of names) assert.ok(METRIC_NAMES.includes(name), name);
  }
});

const noSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? false : "needs systemd-analyze";

test("systemd finds nothing wrong with the units", { skip: noSystemd }, () => {
  const place = mkdtempSync(join(tmpdir(), "subnetra-units-"));
  try {
    const units = ["subnetra-exporter.service", "subnetra-textfile.service", "subnetra-textfile.timer"];
    for (const name of units) {
      const text = readFileSync(join(root, "deploy/systemd", name), "utf8");
      // The program is not installed here.
      writeFileSync(join(place, name), text.replaceAll("/usr/local/bin/subnetra", "/bin/true"));
    }
    const result = spawnSync("systemd-analyze", ["verify", ...units.map((name) => join(place, name))], {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${place}:` },
    });
    assert.equal(result.stderr, "");
    assert.equal(result.status, 0);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("the dashboard's panels fit its grid", () => {
  for (const { title, gridPos } of panels) assert.ok(gridPos.x + gridPos.w <= 24, title);
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
});
