// A real Prometheus scrapes the exporter of a real mesh: the hub's. Peer A's clock goes back, so it goes offline; B has a
// wrong key. The alerts must say so, and those about A end when its clock is right again.
//
// The rules are deploy/prometheus/alerts.yml with every "for" cut to 3 s; expressions are unchanged. Prometheus looks every
// second instead of every 15. The daemon's 90 s until a peer is offline are the real ones.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import { until } from "../../lab/process.ts";
import { builds, root } from "../../lab/project.ts";
import { A_ID, B_ID, Star } from "../../lab/star.ts";
import { endToEnd, record } from "../support/e2e/suite.ts";
import { promtool } from "../support/prometheus.ts";

const SCRAPED_SECONDS = 60;
const WEB = "127.0.0.1:9090";

const gate = process.env.CI === "true" || process.env.SUBNETRA_RELEASE_GATE === "1";
const missing = ["prometheus", "promtool"].filter((name) => spawnSync(name, ["--version"]).status !== 0);

/** What faketime puts into the environment: as a process of its own it would keep the signals from the daemon. */
function yesterday(): NodeJS.ProcessEnv {
  const { stdout } = spawnSync("faketime", ["-f", "-1d", "env"], { encoding: "utf8" });
  return Object.fromEntries(
    [...stdout.matchAll(/^(LD_PRELOAD|FAKETIME)=(.*)$/gm)].map(([, k, v]) => [k!, v!]),
  );
}

endToEnd("Prometheus", () => {
  if (missing.length > 0 && !gate) {
    it("scrapes a mesh", { skip: `missing ${missing.join(", ")}: apt-get install prometheus` }, () => {});
    return;
  }
  let star: Star;

  /** The result of a query, one sample a line. */
  const query = (expression: string) => {
    const result = star.lab.exec("hub", ["promtool", "query", "instant", `http://${WEB}`, expression]);
    return result.status === 0 ? result.stdout : "";
  };
  const firing = (alert: string, id?: number) =>
    query(
      `ALERTS{alertname="${alert}",alertstate="firing"${id === undefined ? "" : `,id="${id}"`}}`,
    ).includes("=> 1");

  before(async () => {
    assert.deepEqual(missing, []);
    star = new Star("prometheus", {
      builds,
      kind: "roles",
      adjust: (name, config) => {
        if (name === "b") config.peers[0]!.psk = newKey();
        if (name !== "hub") config.keepalive_secs = 5;
      },
    });
    await star.startHub();
    for (const spoke of [star.a, star.b]) await spoke.start();
    const exporter = star.lab.start(
      "hub",
      "exporter",
      [process.execPath, join(root, "bin/subnetra"), "exporter"],
      { SUBNETRA_SOCK: star.hub.socketPath },
    );
    await exporter.seen(/^exporter: listening on http:\/\/127\.0\.0\.1:9477\/metrics$/m);
    const rules = readFileSync(join(root, "deploy/prometheus/alerts.yml"), "utf8");
    writeFileSync(star.lab.path("prometheus", "alerts.yml"), rules.replace(/^( +for:) .*$/gm, "$1 3s"));
    const example = readFileSync(join(root, "deploy/prometheus/prometheus.yml"), "utf8");
    const config = star.lab.path("prometheus", "prometheus.yml");
    writeFileSync(config, example.replace(/_interval: 15s/g, "_interval: 1s"));
    const data = star.lab.path("prometheus", "data");
    mkdirSync(data);
    const prometheus = star.lab.start("hub", "prometheus", [
      "prometheus",
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${WEB}`,
    ]);
    await until("Prometheus to be ready", 30_000, () => {
      assert.equal(prometheus.exitCode, undefined, prometheus.output);
      return query("up").includes("subnetra");
    });
  });
  after(() => star?.close());

  it("what it gets is what the daemon counts, and promtool has nothing to say about it", async () => {
    const text = star.lab.exec("hub", [
      process.execPath,
      "-e",
      'fetch("http://127.0.0.1:9477/metrics").then((r) => r.text()).then((t) => process.stdout.write(t))',
    ]).stdout;
    assert.equal(promtool(["check", "metrics"], text), "");
    await until(
      "A to be online",
      20_000,
      () => query(`subnetra_peer_online{id="${A_ID}"}`).includes("=> 1"),
      500,
    );
    assert.ok(!firing("SubnetraPeerOffline", A_ID));
    const counted = star.hub.counter("udp_rx_packets");
    await until(
      "Prometheus to have it",
      10_000,
      () => Number(/=> (\d+)/.exec(query("subnetra_udp_rx_packets_total"))?.[1]) >= counted,
      500,
    );
  });

  it("a peer whose clock goes back is reported as offline and as such, a wrong key as one", async () => {
    const started = performance.now();
    if (star.a.build.name === "nodejs") await star.a.restart({ env: yesterday() });
    else await star.a.stop();
    await until("SubnetraWrongKey for B", 60_000, () => firing("SubnetraWrongKey", B_ID), 1000);
    assert.ok(!firing("SubnetraWrongKey", A_ID));
    await until("SubnetraPeerOffline for A", 115_000, () => firing("SubnetraPeerOffline", A_ID), 1000);
    record("alert_fires_after_s", Math.round((performance.now() - started) / 1000));
    if (star.a.build.name === "nodejs") {
      await until("SubnetraOldClock for A", 15_000, () => firing("SubnetraOldClock", A_ID), 1000);
      assert.ok(!firing("SubnetraOldClock", B_ID), "B's trouble is its key");
    }
    assert.ok(!firing("SubnetraDaemonDown"));
  });

  it(`every scrape of the last ${SCRAPED_SECONDS} s was good`, () => {
    const [, count] =
      /=> (\d+)/.exec(query(`count_over_time(up{job="subnetra"}[${SCRAPED_SECONDS}s])`)) ?? [];
    assert.ok(Number(count) >= SCRAPED_SECONDS - 5, `${count} scrapes`);
    assert.match(query(`min_over_time(up{job="subnetra"}[${SCRAPED_SECONDS}s])`), /=> 1 /);
    assert.match(query(`min_over_time(subnetra_up[${SCRAPED_SECONDS}s])`), /=> 1 /);
  });

  it("the alerts end when the peer is back", async () => {
    if (star.a.running) await star.a.restart();
    else await star.a.start();
    await until("SubnetraPeerOffline to end", 15_000, () => !firing("SubnetraPeerOffline", A_ID), 1000);
    assert.ok(!firing("SubnetraOldClock", A_ID));
    assert.match(query(`subnetra_peer_online{id="${A_ID}"}`), /=> 1 /);
  });

  it("a daemon that stops is reported", async () => {
    await star.hub.stop();
    await until("SubnetraDaemonDown", 15_000, () => firing("SubnetraDaemonDown"), 1000);
  });
});
