// What the metrics say of a status (metrics.md).

import assert from "node:assert/strict";
import { test } from "node:test";
import { DOWN, writeMetrics } from "../../../src/core/metrics/metrics.ts";
import { StatusCollector } from "../../../src/core/status/collector.ts";
import { COUNTER_NAMES, COUNTER_NOTES } from "../../../src/core/status/counters.ts";
import { StatusJob, StatusPageJob } from "../../../src/core/status/jobs.ts";
import { BIG, bigStatus } from "../../support/platform/status-text.ts";
import { METRIC_NAMES, needsPromtool, promtool } from "../../support/prometheus.ts";

function metrics(...parts: string[]): string {
  let text = "";
  writeMetrics(parts, (piece) => {
    text += piece;
  });
  return text;
}

const form = bigStatus(COUNTER_NAMES);

function whole(peers: number): string {
  const job = new StatusJob(form, peers);
  let reply: string | null = null;
  while (reply === null) reply = job.step();
  return reply;
}

/** A status as the original writes it. */
const ORIGINAL =
  '{"schema_version":1,"version":"0.9.1","mode":"raw_direct","local_id":1,"listen_port":18020,"tun":"snr0","peers":[' +
  '{"id":2,"name":"","endpoint":"1.2.3.4:5","allowed_src":"10.0.0.2/32","last_seen_wall_ns":1,' +
  '"last_seen_age_seconds":3,"online":true}],"counters":{"tun_rx_packets":5}}';

test("the original's families with the original's labels; ours are absent where the status lacks them", () => {
  const lines = metrics(ORIGINAL)
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  assert.deepEqual(lines, [
    "subnetra_up 1",
    "subnetra_schema_version 1",
    'subnetra_build_info{version="0.9.1",mode="raw_direct",tun="snr0",local_id="1",listen_port="18020"} 1',
    'subnetra_peer_online{id="2",allowed_src="10.0.0.2/32"} 1',
    'subnetra_peer_last_seen_age_seconds{id="2",allowed_src="10.0.0.2/32"} 3',
    "subnetra_tun_rx_packets_total 5",
    'subnetra_peer_info{id="2",allowed_src="10.0.0.2/32",name=""} 1',
    "",
  ]);
});

test("every family, exact to the last digit, names escaped in a family of their own", () => {
  const text = metrics(whole(3));
  for (const line of [
    `subnetra_${COUNTER_NAMES[0]}_total ${BIG}`,
    "subnetra_uptime_seconds 12",
    "subnetra_socket_drops_total 5",
    "subnetra_warnings 1",
    'subnetra_peer_online{id="3",allowed_src="10.0.0.1/32"} 0',
    `subnetra_peer_rx_packets_total{id="2",allowed_src="10.0.0.0/32"} ${BIG}`,
    'subnetra_peer_old_key_accepted{id="2",allowed_src="10.0.0.0/32"} 1',
    'subnetra_peer_old_key_accepted{id="3",allowed_src="10.0.0.1/32"} 0',
    'subnetra_peer_info{id="2",allowed_src="10.0.0.0/32",name="a \\"b\\" \\\\"} 1',
    `# HELP subnetra_drop_udp_spoof_total ${COUNTER_NOTES.drop_udp_spoof.meaning}`,
  ])
    assert.ok(`\n${text}`.includes(`\n${line}\n`), `${line}\n${text}`);
  assert.ok(!/age_seconds\{id="3"/.test(text), "a peer never seen has no age");
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  assert.deepEqual([...types].sort(), [...METRIC_NAMES].sort(), "each family once, and no other");
});

test("what is no status is a daemon that is down", () => {
  for (const text of [
    "",
    "{",
    "[]",
    "{}",
    '{"error":"status unavailable"}',
    `${ORIGINAL}x`,
    '{"schema_version":"1"}',
  ])
    assert.equal(metrics(text), DOWN);
});

test("a daemon that lies cannot make lines of its own", () => {
  const text = metrics(
    '{"schema_version":1,"tun":"a\\n\\"} 1\\nevil 1","uptime_seconds":"1\\nevil 1","socket_drops":[1],"warnings":[{"a":1},2],' +
      '"peers":[{"id":"2\\nevil 1","online":"1\\nevil 1","drops":{"a":1}}],"counters":{"a\\nevil":1,"b":"1\\nevil 1","c":null,"D":1,"e":4}}',
  );
  assert.doesNotMatch(text, /^evil/m);
  assert.doesNotMatch(text, /uptime|socket_drops|subnetra_b_total|subnetra_c_total/);
  assert.match(text, /^subnetra_e_total 4$/m);
  assert.match(text, /^subnetra_warnings 2$/m);
});

/** Answers a collector as a daemon of this size does. */
function collect(collector: StatusCollector, peers: number, run: () => string = () => "r"): string[] {
  const asked: string[] = [];
  for (let asking = true; asking; ) {
    asked.push(collector.request);
    const page = /--from (\d+)$/.exec(collector.request);
    const job = page ? new StatusPageJob(form, peers, run(), Number(page[1])) : new StatusJob(form, peers);
    let reply: string | null = null;
    while (reply === null) reply = job.step();
    asking = collector.take(reply);
  }
  return asked;
}

test("a status in one reply, or in pages, is the same to the metrics", () => {
  const small = new StatusCollector(false);
  assert.deepEqual(collect(small, 3), ["status --json"]);
  assert.equal(metrics(...small.parts), metrics(whole(3)));
  assert.equal(small.paged, false);
  const large = new StatusCollector(false);
  const asked = collect(large, 16000);
  assert.equal(large.problem, "");
  assert.ok(large.paged && asked.length > 50);
  const text = metrics(...large.parts);
  assert.equal(text.match(/^subnetra_peer_online\{/gm)!.length, 16000);
  assert.equal(new Set(text.match(/^subnetra_peer_info\{[^}]*/gm)).size, 16000);
  const again = new StatusCollector(true);
  assert.equal(
    collect(again, 16000).length,
    asked.length - 1,
    "who knows that it takes pages begins with them",
  );
});

test("a daemon that is restarted, silent, or cannot tell its status is named so", () => {
  let run = 0;
  const restarted = new StatusCollector(true);
  collect(restarted, 2000, () => String(run++));
  assert.match(restarted.problem, /restarted/);
  const silent = new StatusCollector(false);
  assert.equal(silent.take(null), false);
  assert.match(silent.problem, /no response/);
  const odd = new StatusCollector(false);
  assert.equal(odd.take('{"error":"status unavailable"}\n'), true);
  assert.equal(odd.take('{"error":"status unavailable"}\n'), false);
  assert.match(odd.problem, /cannot tell/);
});

test("promtool finds nothing to say about the metrics", { skip: needsPromtool }, () => {
  for (const text of [metrics(whole(50)), metrics(ORIGINAL), DOWN])
    assert.equal(promtool(["check", "metrics"], text), "");
});
