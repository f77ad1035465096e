// The doctor's judgement over facts, and its reader of packet filters.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../../lab/project.ts";
import { iptablesChains, nftChains } from "../../../src/apps/tools/doctor/firewall.ts";
import { parseConfig } from "../../../src/core/config/values.ts";
import { diagnose } from "../../../src/core/doctor/diagnose.ts";
import type { DaemonFacts, Facts, Sample } from "../../../src/core/doctor/facts.ts";
import { CHECKS, type Finding } from "../../../src/core/doctor/finding.ts";
import { judgePacket } from "../../../src/core/doctor/packet-filter.ts";
import { exitStatus, reportJson, reportText } from "../../../src/core/doctor/report.ts";
import { COUNTER_NAMES } from "../../../src/core/status/counters.ts";

const NOW = Date.UTC(2026, 5, 1);

function config(more: Record<string, unknown> = {}) {
  const text = JSON.stringify({
    role: "spoke",
    local_id: 2,
    local_tun_mtu: 1400,
    local_tun_ip: "10.0.0.2/24",
    peers: [{ id: 1, endpoint: "192.0.2.1:18020", allowed_src: "10.0.0.0/24", psk: "5a".repeat(32) }],
    ...more,
  });
  return parseConfig(Buffer.from(text), text.length);
}

function sample(counters: Record<string, number> = {}): Sample {
  const all = Object.fromEntries(COUNTER_NAMES.map((name) => [name, counters[name] ?? 0]));
  const peer = { id: 1, name: "", endpoint: "192.0.2.1:18020", allowedSrc: "10.0.0.0/24", unclaimed: 0 };
  return {
    version: "0.10.0",
    localId: 2,
    port: 18020,
    tun: "snr0",
    peers: [{ ...peer, age: 3, heardAt: NOW - 3000, online: true }],
    counters: all,
    warnings: [],
    socketDrops: 0,
  };
}

function facts(): Facts {
  const daemon: DaemonFacts = {
    socket: "/run/subnetra/subnetra.sock",
    socketMode: 0o600,
    state: "answers",
    samples: [sample(), sample()],
    others: [],
    unit: null,
  };
  const overlay = { address: 0x0a000000, bits: 24 };
  return {
    config: { path: "c.json", config: config(), error: "", remedy: "", unread: "", warnings: [] },
    daemon,
    host: {
      root: true,
      netAdmin: { effective: true, bounding: true },
      device: "",
      now: NOW,
      year: 2026,
      synchronised: true,
      clockSources: ["chronyd"],
      lastWrite: NOW - 60000,
      lastWriteFile: "c.json",
      receiveLimit: 212992,
      sendLimit: 212992,
      ports: [{ port: 18020, bound: true, holder: "", drops: 0 }],
      folders: [{ path: "/run/subnetra", free: 1 << 30, readOnly: false }],
    },
    network: {
      device: {
        name: "snr0",
        present: true,
        up: true,
        mtu: 1400,
        addresses: [{ address: 0x0a000002, bits: 24 }],
      },
      routes: [
        { device: "snr0", prefix: overlay },
        { device: "eth0", prefix: { address: 0, bits: 0 } },
      ],
      reversePath: { device: 0, all: 0 },
      forwarding: 0,
      paths: [
        {
          peer: 1,
          endpoint: "192.0.2.1:18020",
          device: "eth0",
          mtu: 1500,
          refused: null,
          largest: 1464,
          wanted: 1464,
        },
      ],
    },
    filters: [],
  };
}

/** What is not PASS for facts with some parts replaced. */
function told(change: {
  config?: Partial<Facts["config"]>;
  daemon?: Partial<Facts["daemon"]>;
  host?: Partial<Facts["host"]>;
  network?: Partial<Facts["network"]>;
  filters?: Facts["filters"];
}): Finding[] {
  const base = facts();
  const found = diagnose({
    config: { ...base.config, ...change.config },
    daemon: { ...base.daemon, ...change.daemon },
    host: { ...base.host, ...change.host },
    network: { ...base.network, ...change.network },
    filters: change.filters ?? base.filters,
  });
  for (const { check, level, remedy, skipped } of found) {
    assert.ok(CHECKS.includes(check), check);
    assert.equal(level === "pass", remedy === "", `${check} has a remedy exactly where something is wrong`);
    assert.ok(!skipped || level === "warn");
  }
  for (const line of reportText(found).split("\n")) assert.ok(line.length <= 80, line);
  assert.equal((JSON.parse(reportJson(found)) as { ok: boolean }).ok, exitStatus(found) === 0);
  return found.filter(({ level }) => level !== "pass");
}

function only(change: Parameters<typeof told>[0], level: string, check: string, text: RegExp): void {
  const found = told(change);
  assert.deepEqual(
    found.map((one) => `${one.level} ${one.check}`),
    [`${level} ${check}`],
  );
  assert.match(`${found[0]!.text} / ${found[0]!.remedy}`, text);
}

describe("judgement", () => {
  const { network } = facts();

  test("nothing to say about a healthy node", () => assert.deepEqual(told({}), []));

  test("each fact that is wrong is told, and nothing else", () => {
    only({ host: { year: 1970 } }, "fail", "clock.year", /before 2024/);
    only({ host: { synchronised: false } }, "warn", "clock.source", /unsynchronised \(chronyd runs\)/);
    only({ host: { lastWrite: NOW + 7200000 } }, "fail", "clock.back", /2 h behind a file/);
    only(
      { host: { ports: [{ port: 18020, bound: true, holder: "", drops: 9 }] } },
      "warn",
      "host.buffers",
      /9 .*rmem/,
    );
    only(
      { host: { folders: [{ path: "/run", free: 0, readOnly: false }] } },
      "fail",
      "host.disk",
      /\/run is full/,
    );
    only(
      { host: { folders: [{ path: "/run", free: 9, readOnly: true }] } },
      "warn",
      "host.disk",
      /read-only/,
    );
    only({ daemon: { socketMode: 0o666 } }, "warn", "daemon.socket", /chmod 600/);
    only(
      { network: { device: { ...network.device, mtu: 1500 } } },
      "fail",
      "interface.mtu",
      /MTU 1500.*mtu 1400/,
    );
    only({ network: { device: { ...network.device, mtu: 1300 } } }, "warn", "interface.mtu", /MTU 1300/);
    only(
      { network: { device: { ...network.device, addresses: [] } } },
      "fail",
      "interface.address",
      /ip addr add/,
    );
    only({ network: { routes: [] } }, "fail", "interface.routes", /routed nowhere/);
    only({ filters: { unread: "the rules" } }, "warn", "firewall.input", /the rules.*root/);
    const path = network.paths[0]!;
    only(
      { network: { paths: [{ ...path, largest: 1300 }] } },
      "fail",
      "path.mtu",
      /above 1300.*local_tun_mtu to 1236/,
    );
    only(
      { network: { paths: [{ ...path, mtu: 1400, largest: null }] } },
      "warn",
      "path.mtu",
      /fragmented.*1336/,
    );
    only({ network: { paths: [{ ...path, refused: true }] } }, "fail", "path.port", /nobody listens/);
    only({ network: { paths: [{ ...path, device: "snr0" }] } }, "fail", "path.route", /tunnel itself/);
  });

  test("a LAN behind the node asks for forwarding, and for a strict rp_filter all routes", () => {
    const lan = { config: config({ local_routes: ["10.0.0.2/32", "192.168.7.0/24"] }) };
    only({ config: lan }, "fail", "interface.forwarding", /192\.168\.7\.0\/24.*ip_forward=1/);
    assert.deepEqual(told({ config: lan, network: { forwarding: 1 } }), []);
    const strict = { reversePath: { device: 1, all: 0 } };
    assert.deepEqual(told({ network: strict }), []);
    const checks = told({ network: { ...strict, routes: [] } }).map(({ check }) => check);
    assert.deepEqual(checks, ["interface.routes", "interface.rp_filter"]);
  });

  test("every drop counter that grows is told with its cause, and the harmless ones are not", () => {
    for (const name of COUNTER_NAMES) {
      if (!name.startsWith("drop_") || name === "drop_tun_egress_err") continue;
      const found = told({ daemon: { samples: [sample({ [name]: 2 }), sample({ [name]: 5 })] } });
      if (found.length === 0) assert.match(name, /not_ipv4|drop_rule|no_reflect/);
      else assert.match(found[0]!.text, /: 5 since the start, rising \(3 in a second\)/);
    }
  });

  test("a daemon that does not run is told with the likeliest reason", () => {
    const dead = { state: "absent" as const, samples: [], socketMode: -1 };
    const absent = { ...network.device, present: false };
    const free = [{ port: 18020, bound: false, holder: "", drops: 0 }];
    const found = told({
      daemon: dead,
      host: { year: 1970, ports: free },
      network: { device: absent },
    });
    assert.match(found.at(-1)!.text, /does not run.*likely because the clock says 1970/);
    const unit = {
      name: "u",
      active: "failed",
      sub: "failed",
      result: "exit-code",
      said: "tun open failed (X)",
    };
    const said = told({ daemon: { ...dead, unit }, host: { ports: free }, network: { device: absent } });
    assert.match(said.at(-1)!.text, /it said: tun open failed \(X\)/);
  });
});

describe("packet filters", () => {
  const udp = (port: number) => ({ protocol: "udp", port, in: "", out: "" });
  const iptables = (rules: string[], policy = "DROP") =>
    judgePacket(
      iptablesChains(`*filter\n:INPUT ${policy} [0:0]\n:ours - [0:0]\n${rules.join("\n")}\nCOMMIT\n`),
      ["prerouting", "input"],
      udp(18020),
    ).outcome;

  test("iptables", () => {
    assert.equal(iptables([]), "drop");
    assert.equal(iptables([], "ACCEPT"), "accept");
    assert.equal(iptables(["-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp -j ACCEPT"]), "drop");
    assert.equal(iptables(["-A INPUT -p udp -m udp --dport 18020 -j ACCEPT"]), "accept");
    assert.equal(iptables(["-A INPUT -p udp -m multiport --dports 53,18000:18030 -j ACCEPT"]), "accept");
    assert.equal(iptables(["-A INPUT -p udp -m udp ! --dport 18020 -j ACCEPT"]), "drop");
    assert.equal(iptables(["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"]), "drop");
    assert.equal(iptables(["-A INPUT -j ours", "-A ours -p udp -j ACCEPT"]), "accept");
    assert.equal(iptables(["-A INPUT -j ours", "-A ours -p udp -j RETURN", "-A ours -j ACCEPT"]), "drop");
    assert.equal(iptables(["-A INPUT -s 192.0.2.0/24 -j ACCEPT"]), "unknown");
    assert.equal(iptables(["-A INPUT -s 192.0.2.0/24 -j DROP"]), "drop", "both ways it is dropped");
    assert.equal(iptables(["-A INPUT -s 192.0.2.0/24 -j DROP"], "ACCEPT"), "unknown");
    assert.equal(iptables(['-A INPUT -m comment --comment "let in" -j ACCEPT']), "accept");
    assert.equal(iptables(["-A INPUT -j INPUT"]), "unknown", "no endless loop");
  });

  test("nftables, and what cannot be read", () => {
    const chain = { family: "inet", table: "f", name: "in", hook: "input", prio: 0, policy: "drop" };
    const rule = (...expr: unknown[]) => ({ rule: { family: "inet", table: "f", chain: "in", expr } });
    const dport = (right: unknown) => ({
      match: { op: "==", left: { payload: { protocol: "udp", field: "dport" } }, right },
    });
    const outcome = (...rules: unknown[]) =>
      judgePacket(nftChains(JSON.stringify({ nftables: [{ chain }, ...rules] })), ["input"], udp(18020))
        .outcome;
    assert.equal(outcome(), "drop");
    assert.equal(outcome(rule(dport(18020), { accept: null })), "accept");
    assert.equal(
      outcome(rule(dport({ set: [53, { range: [18000, 18030] }] }), { counter: {} }, { accept: null })),
      "accept",
    );
    assert.equal(outcome(rule(dport("@ports"), { accept: null })), "unknown");
    assert.equal(outcome(rule({ limit: {} }, { accept: null })), "unknown");
    assert.equal(outcome(rule({ vmap: { key: { meta: { key: "iifname" } } } })), "unknown");
    const states = { key: { ct: { key: "state" } }, data: { set: [["established", { accept: null }]] } };
    assert.equal(outcome(rule({ vmap: states })), "drop");
    const icmp = {
      match: { op: "==", left: { payload: { protocol: "icmp", field: "type" } }, right: "echo-request" },
    };
    assert.equal(outcome(rule(icmp, { accept: null })), "drop");
    assert.deepEqual(nftChains("not json"), []);
  });
});

test("docs/spec/doctor.md names every check", () => {
  const document = readFileSync(join(root, "docs/spec/doctor.md"), "utf8");
  for (const check of CHECKS) assert.ok(document.includes(`\`${check}\``), check);
});
