import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { DOWN, metricsOf } from "../../../src/core/metrics/metrics.ts";

function metrics(text: string): string {
  const bytes = Buffer.from(text);
  return metricsOf(new Uint8Array(bytes), bytes.length);
}

const REPLY = JSON.stringify({
  schema_version: 1,
  version: "0.10.0",
  mode: "raw_direct",
  local_id: 1,
  listen_port: 18020,
  tun: 'sn"r\\0',
  peers: [
    {
      id: 2,
      name: 'a "b"',
      endpoint: "1.2.3.4:5",
      allowed_src: "10.0.0.2/32",
      last_seen_wall_ns: 1,
      last_seen_age_seconds: 3,
      online: true,
      rx_packets: 7,
    },
    {
      id: 3,
      name: "",
      endpoint: "1.2.3.4:6",
      allowed_src: "10.0.0.3/32",
      last_seen_wall_ns: 0,
      last_seen_age_seconds: null,
      online: false,
      rx_packets: 0,
    },
  ],
  counters: { tun_rx_packets: 5, udp_rx_bytes: 0 },
}).replace('"udp_rx_bytes":0', '"udp_rx_bytes":18446744073709551615');

test("metrics of a status, counters exact to the last digit", () => {
  const text = metrics(REPLY);
  for (const line of [
    "subnetra_up 1",
    "subnetra_schema_version 1",
    'subnetra_build_info{version="0.10.0",mode="raw_direct",tun="sn\\"r\\\\0",local_id="1",listen_port="18020"} 1',
    'subnetra_peer_online{id="2",allowed_src="10.0.0.2/32",name="a \\"b\\""} 1',
    'subnetra_peer_online{id="3",allowed_src="10.0.0.3/32"} 0',
    'subnetra_peer_last_seen_age_seconds{id="2",allowed_src="10.0.0.2/32",name="a \\"b\\""} 3',
    "subnetra_tun_rx_packets_total 5",
    "subnetra_udp_rx_bytes_total 18446744073709551615",
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  assert.ok(!/age_seconds\{id="3"/.test(text), "a peer never seen has no age");
});

test("what is no status is a daemon that is down", () => {
  for (const text of ["", "{", "[]", "{}", '{"error":"status unavailable"}', `${REPLY}x`])
    assert.equal(metrics(text), DOWN);
});

test("promtool accepts the metrics", (t) => {
  if (spawnSync("promtool", ["--version"]).status !== 0) {
    if (process.env.CI === "true") assert.fail("no promtool");
    t.skip("no promtool: install prometheus");
    return;
  }
  const checked = spawnSync("promtool", ["check", "metrics"], { input: metrics(REPLY), encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stderr);
});
