import assert from "node:assert/strict";
import { test } from "node:test";
import { ANY, writePrefix } from "../../../src/core/cidr.ts";
import { parseCommand } from "../../../src/core/control/commands.ts";
import { ControlServer } from "../../../src/core/control/server.ts";
import { fieldText } from "../../../src/core/escape.ts";
import { CONTROL_BUDGET_MS } from "../../../src/core/limits.ts";
import { addRule } from "../../../src/core/policy/roles.ts";
import { Reactor } from "../../../src/core/reactor.ts";
import { COUNTER_NAMES } from "../../../src/core/status/counters.ts";
import { statusJson } from "../../../src/core/status/json.ts";
import { readStatusPage } from "../../../src/core/status/page.ts";
import { statusText } from "../../../src/core/status/text.ts";
import * as os from "../../../src/core/sys.ts";
import {
  COUNTER_COUNT,
  KEY_LENGTH,
  PEER_DROPS,
  PEER_LAST_SEEN,
  PEER_LOST,
  PEER_RX_BYTES,
  PEER_RX_PACKETS,
  PEER_STRIDE,
  PEER_TX_BYTES,
  PEER_TX_PACKETS,
  PEER_UNCLAIMED,
  REGION_CLOCK,
  REGION_COUNTERS,
  REGION_PEERS,
  REGION_RULES,
  REGION_SCRATCH,
} from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeChannel } from "../../support/core/fake-channel.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const WARNINGS: string[] = [];
const NODE = {
  version: "0.10.0",
  localId: 1,
  role: "hub" as const,
  obfuscate: true,
  ports: [18020, 18023],
  tun: "snr0",
  names: ["north", 'q"\\'],
  labels: ["north", 'q"\\'].map(fieldText),
  run: "7.5",
  startedAt: 58,
  socketDrops: () => 7,
  warnings: () => WARNINGS,
};

/** An engine with two peers, counters 1001, 1002, …, and the first peer heard `age` seconds ago. */
function prepare(age = 5n, engine = loadEngine()) {
  const sys = new FakeSys(engine);
  sys.clock(engine.call.region(REGION_CLOCK));
  engine.call.setNode(1, 1);
  engine.call.setPlatform(0, 0, 2);
  assert.equal(engine.call.startEpoch(), 0);
  const scratch = engine.call.region(REGION_SCRATCH);
  const allowed = (address: number, bits: number) => {
    writePrefix(engine, scratch + KEY_LENGTH, { address, bits });
    return scratch + KEY_LENGTH;
  };
  // 198.51.100.20:18020 and 203.0.113.30:18020 as little-endian reads of network order.
  engine.u8.fill(1, scratch, scratch + 32);
  assert.equal(engine.call.addPeer(2, scratch, 0x146433c6, 0x6446, allowed(0x0a4d0002, 32)), 0);
  engine.u8.fill(2, scratch, scratch + 32);
  assert.equal(engine.call.addPeer(3, scratch, 0x1e7100cb, 0x6446, allowed(0x0a4d0003, 32)), 1);
  const view = new DataView(engine.u8.buffer);
  const counters = engine.call.region(REGION_COUNTERS);
  for (let i = 0; i < COUNTER_COUNT; i++) view.setBigUint64(counters + i * 8, 1001n + BigInt(i), true);
  const seen = (sys.seconds - age) * 1000000000n + 5n;
  view.setBigUint64(engine.call.region(REGION_PEERS) + PEER_LAST_SEEN, seen, true);
  const channel = new FakeChannel();
  const server = new ControlServer({ engine, sys }, channel, NODE, "/run/s.sock.policy");
  const ask = (...requests: string[]) => {
    channel.requests.push(...requests);
    server.serve();
    return channel.replies.splice(0);
  };
  return { engine, sys, channel, view, counters, seen, server, ask };
}

test("status as text", () => {
  const { engine, seen } = prepare();
  assert.equal(
    statusText(engine, NODE),
    `subnetra v0.10.0 [running]
mode=raw_direct local_id=1 udp_port=18020 tun=snr0 peers=2
peers:
  id=2 name=north endpoint=198.51.100.20:18020 allowed_src=10.77.0.2/32 last_seen_wall_ns=${seen}
  id=3 name="q\\"\\\\" endpoint=203.0.113.30:18020 allowed_src=10.77.0.3/32 last_seen_wall_ns=0
traffic:
  tun_rx packets=1001 bytes=1002
  udp_tx packets=1003 bytes=1004
  udp_rx packets=1005 bytes=1006
  tun_tx packets=1007 bytes=1008
  relay  packets=1009 bytes=1010
  endpoint_learned=1011
  keepalive rx=1012 tx=1013
drops:
  tun: not_ipv4=1014 no_route=1015 drop_rule=1016 local_loop=1017 unknown_target=1018 oversized=1019 egress_err=1020 send_err=1021 unknown_endpoint=1033
  udp: unknown_peer=1022 auth_or_invalid=1023 scan_budget=1024 not_ipv4=1025 spoof=1026 no_route=1027 drop_rule=1028 unknown_target=1029 no_reflect=1030 oversized=1031 send_err=1032 unknown_endpoint=1034
node:
  role=hub obfuscate=true uptime_seconds=42 socket_drops=7
  listen_ports=18020,18023
`,
  );
  assert.ok(statusText(engine, { ...NODE, names: ["", ""], labels: ["", ""] }).includes("  id=2 endpoint="));
});

test("status as JSON", () => {
  const { engine, seen, view, counters } = prepare();
  view.setBigUint64(counters, 18446744073709551615n, true);
  const first = engine.call.region(REGION_PEERS);
  [21n, 18446744073709551615n, 23n, 24n, 25n, 26n].forEach((value, i) => {
    const fields = [PEER_RX_PACKETS, PEER_RX_BYTES, PEER_TX_PACKETS, PEER_TX_BYTES, PEER_LOST, PEER_DROPS];
    view.setBigUint64(first + fields[i]!, value, true);
  });
  const values = COUNTER_NAMES.map((name, i) => `"${name}":${i === 0 ? "18446744073709551615" : 1001 + i}`);
  assert.equal(
    statusJson(engine, NODE),
    '{"schema_version":1,"version":"0.10.0","mode":"raw_direct","local_id":1,"listen_port":18020,"tun":"snr0","peers":[' +
      `{"id":2,"name":"north","endpoint":"198.51.100.20:18020","allowed_src":"10.77.0.2/32","last_seen_wall_ns":${seen},"last_seen_age_seconds":5,"online":true,"unclaimed":0,"allowed_srcs":["10.77.0.2/32"],"rx_packets":21,"rx_bytes":18446744073709551615,"tx_packets":23,"tx_bytes":24,"lost_packets":25,"drops":26,"key":"single"},` +
      '{"id":3,"name":"q\\"\\\\","endpoint":"203.0.113.30:18020","allowed_src":"10.77.0.3/32","last_seen_wall_ns":0,"last_seen_age_seconds":null,"online":false,"unclaimed":0,"allowed_srcs":["10.77.0.3/32"],"rx_packets":0,"rx_bytes":0,"tx_packets":0,"tx_bytes":0,"lost_packets":0,"drops":0,"key":"single"}' +
      `],"counters":{${values.join(",")}},"features":["peer-endpoint","policy-from","status-from","unclaimed","policy-insert","policy-del","policy-replace","policy-test","traffic"],"warnings":[],"role":"hub","obfuscate":true,"uptime_seconds":42,"listen_ports":[18020,18023],"socket_drops":7}`,
  );
  assert.equal(COUNTER_NAMES.length, COUNTER_COUNT);
});

test("online lasts 90 seconds; a clock that went back gives age 0", () => {
  const peerOf = (engine: Engine) => JSON.parse(statusJson(engine, NODE)).peers[0];
  for (const [age, shown, online] of [
    [0n, 0, true],
    [90n, 90, true],
    [91n, 91, false],
    [-60n, 0, true],
  ] as const) {
    const peer = peerOf(prepare(age).engine);
    assert.deepEqual([peer.last_seen_age_seconds, peer.online], [shown, online]);
  }
});

test("each line of a datagram gets its own reply; the unknown gets none", () => {
  const { ask } = prepare();
  const replies = ask("status\n\n# policy show\nstatus --json\nnonsense\r\n  policy show  ", "", "reload");
  assert.equal(replies.length, 3);
  assert.match(replies[0]!, /^subnetra v0\.10\.0 \[running\]\n/);
  assert.match(replies[1]!, /^\{"schema_version":1,.*\}$/);
  assert.equal(replies[2], "# no policy rules\n");
});

test("policy add is silent and visible at once; a full table is noted once in the log", () => {
  const { engine, sys, ask } = prepare();
  const rule = "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action forward --target 3";
  assert.deepEqual(ask(`${rule}\npolicy show`), [`${rule}\n`]);
  const command = parseCommand(rule);
  if (command.verb !== "add") assert.fail();
  while (addRule(engine, command.rule));
  assert.deepEqual(ask(rule, rule), []);
  assert.equal(sys.stderr.match(/policy add ignored: the table is full/g)!.length, 1);
});

test("at most 64 datagrams are served per turn", () => {
  const { channel, ask } = prepare();
  assert.equal(ask(...Array(70).fill("policy show")).length, 64);
  assert.equal(channel.requests.length, 6);
});

test("save writes the table through a temporary file and syncs file and directory", () => {
  const { sys, ask } = prepare();
  assert.deepEqual(ask("save"), ["saved 0 rule(s) to /run/s.sock.policy\n"]);
  assert.equal(String(sys.files["/run/s.sock.policy"]), "# no policy rules\n");
  sys.log.length = 0;
  const rules = Array.from(
    { length: 3000 },
    (_, i) => `policy add --src 0.0.0.0/0 --dst 10.${i >> 8}.${i & 255}.0/24 --action forward --target ${i}`,
  );
  assert.deepEqual(ask(...rules.slice(0, 60)), []);
  for (let i = 60; i < 3000; i += 60) ask(rules.slice(i, i + 60).join("\n"));
  assert.deepEqual(ask("save"), ["saved 3000 rule(s) to /run/s.sock.policy\n"]);
  assert.equal(String(sys.files["/run/s.sock.policy"]), `${rules.join("\n")}\n`);
  assert.deepEqual(sys.log, [
    "open /run/s.sock.policy.tmp",
    "fsync /run/s.sock.policy.tmp",
    "close /run/s.sock.policy.tmp",
    "rename /run/s.sock.policy.tmp /run/s.sock.policy",
    "open /run",
    "fsync /run",
    "close /run",
  ]);
});

test("a failing step of save leaves the old snapshot and no temporary file", () => {
  const temporary = "/run/s.sock.policy.tmp";
  const steps = [`open:${temporary}`, "write", `fsync:${temporary}`, `close:${temporary}`, "rename"];
  for (const call of steps) {
    for (const result of call === "write" ? [-os.EIO, 0] : [-os.EIO]) {
      const { sys, ask } = prepare();
      sys.files["/run/s.sock.policy"] = Buffer.from("old");
      sys.failures[call] = result;
      assert.deepEqual(ask("save"), ["save failed\n"], call);
      assert.equal(sys.stderr, "save failed: /run/s.sock.policy: input/output error\n", call);
      assert.equal(String(sys.files["/run/s.sock.policy"]), "old");
      assert.equal(sys.files[temporary], undefined);
    }
  }
  const unsynced = prepare();
  unsynced.sys.failures["fsync:/run"] = -os.EIO;
  assert.deepEqual(unsynced.ask("save"), ["save failed\n"]);
  const unsupported = prepare();
  unsupported.sys.failures["fsync:/run"] = -os.EINVAL;
  assert.match(unsupported.ask("save")[0]!, /^saved 0 /);
});

test("a save without room says so in the log, and that the reply cannot", () => {
  const { sys, ask } = prepare();
  sys.failures.write = -os.ENOSPC;
  assert.deepEqual(ask("save"), ["save failed\n"]);
  assert.equal(sys.stderr, "save failed: /run/s.sock.policy: no space left on device\n");
});

test("peer endpoint moves a peer until it is heard elsewhere; an unknown peer is named", () => {
  const { engine, ask } = prepare();
  assert.deepEqual(ask("peer endpoint 3 192.0.2.7:1234", "peer endpoint 9 192.0.2.7:1234"), [
    "ok peer 3 is expected at 192.0.2.7:1234\n",
    "error NoSuchPeer no peer has the id 9\n",
  ]);
  assert.match(statusText(engine, NODE), /id=3 .* endpoint=192\.0\.2\.7:1234 /);
  assert.match(statusText(engine, NODE), /id=2 .* endpoint=198\.51\.100\.20:18020 /);
  for (const words of ["3", "3 hub:1", "3 192.0.2.7:0", "0x3 192.0.2.7:1", "3 0.0.0.0:0"])
    assert.match(
      ask(`peer endpoint ${words}`).join(),
      /^error \w+ usage: peer endpoint ID IP:PORT\n$/,
      words,
    );
});

test("a status too long for a datagram is answered with the literal refusal", () => {
  const { channel, ask } = prepare();
  channel.longestReply = 100;
  assert.deepEqual(ask("status", "status --json"), [
    "status unavailable\n",
    '{"error":"status unavailable"}\n',
  ]);
});

test("save replaces its own stale temporary file, and nothing else that stands in its place", () => {
  const temporary = "/run/s.sock.policy.tmp";
  const stale = prepare();
  stale.sys.files[temporary] = Buffer.from("half a ru");
  assert.match(stale.ask("save")[0]!, /^saved 0 /);
  assert.equal(String(stale.sys.files["/run/s.sock.policy"]), "# no policy rules\n");
  assert.equal(stale.sys.files[temporary], undefined);

  const foreign = prepare();
  foreign.sys.files[temporary] = Buffer.from("somebody else's");
  foreign.sys.userId = () => 1000;
  assert.deepEqual(foreign.ask("save"), ["save failed\n"]);
  assert.equal(String(foreign.sys.files[temporary]), "somebody else's");

  const directory = prepare();
  directory.sys.files[temporary] = null;
  assert.deepEqual(directory.ask("save"), ["save failed\n"]);
});

/** A system whose clock stands still but for the work: every peer or rule that is read takes `cost` ms. */
function withCosts(peers: number, rules: number, cost: number) {
  let now = 1000;
  const real = loadEngine();
  const spend = () => {
    now += cost;
  };
  const call = {
    ...real.call,
    region: (id: number) => {
      if (id === REGION_RULES || id === REGION_PEERS) spend();
      return real.call.region(id);
    },
  };
  const prepared = prepare(5n, { ...real, call });
  const { engine, sys, server } = prepared;
  const psk = engine.call.region(REGION_SCRATCH);
  for (let id = 4; id < peers + 2; id++) {
    engine.u8.fill(1, psk, psk + 32);
    writePrefix(engine, psk + KEY_LENGTH, ANY);
    engine.call.addPeer(id, psk, id, id, psk + KEY_LENGTH);
  }
  const rule = parseCommand("policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action forward --target 3");
  if (rule.verb !== "add") assert.fail();
  for (let i = 0; i < rules; i++) addRule(engine, rule.rule);
  sys.milliseconds = () => now;
  /** Milliseconds of one turn's control work. */
  const turn = () => {
    const start = now;
    server.serve();
    return now - start;
  };
  return { ...prepared, turn };
}

test("a turn's control work ends with the piece in which its time is over, and goes on in the next", () => {
  for (const line of ["status", "status --json", "status --from 3", "policy show", "save"]) {
    const { channel, server, turn } = withCosts(1000, 1000, 0.5);
    channel.requests.push(`${line}\nstatus --json\npolicy show`, line);
    let turns = 0;
    do {
      // The piece: 16 peers or rules, twice as many where they are written to a file.
      const longest = CONTROL_BUDGET_MS + 0.5 * (line === "save" ? 33 : 17);
      assert.ok(turn() <= longest, line);
      turns++;
    } while (server.pending || channel.requests.length > 0);
    assert.ok(turns > 20, `${line}: ${turns} turns`);
    assert.equal(channel.replies.length, 4, line);
    assert.equal(JSON.parse(channel.replies[1]!).peers.length, 1000);
    assert.match(channel.replies[2]!, /^policy add .*\n# 5\d\d more rule/s);
  }
});

test("replies keep the order of their lines, and a second datagram waits for the first", () => {
  const { channel, server, turn } = withCosts(200, 0, 1);
  channel.requests.push("status\npolicy show\nstatus --json", "save");
  turn();
  assert.ok(server.pending);
  assert.equal(channel.requests.length, 1);
  while (server.pending || channel.requests.length > 0) turn();
  assert.deepEqual(
    channel.replies.map((reply) => reply.substring(0, 5)),
    ["subne", "# no ", '{"sch', "saved"],
  );
});

test("an equal question in one datagram costs no second look, unless something was changed between", () => {
  const { channel, server, turn } = withCosts(400, 100, 0.01);
  const line = "status --json";
  channel.requests.push(Array(300).fill(line).join("\n"));
  let spent = 0;
  do spent += turn();
  while (server.pending);
  // One look at 400 peers.
  assert.ok(spent < 4.2, `${spent} ms`);
  assert.equal(channel.replies.length, 300);
  assert.ok(channel.replies.every((reply) => reply === channel.replies[0]));
  const { ask } = prepare();
  const rule = "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action drop";
  assert.deepEqual(ask(`policy show\n${rule}\npolicy show`), ["# no policy rules\n", `${rule}\n`]);
});

test("a request without a return address costs nothing but what it changes", () => {
  const { channel, sys, engine, turn } = withCosts(1000, 0, 1);
  channel.answerable = false;
  const rule = "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action drop";
  channel.requests.push(`status\nstatus --json\npolicy show\n${rule}\nsave`);
  assert.ok(turn() <= 2);
  assert.deepEqual(channel.replies, []);
  assert.equal(engine.call.ruleCount(), 1);
  assert.equal(String(sys.files["/run/s.sock.policy"]), `${rule}\n`);
});

test("a node that stops first does what it was asked to change", () => {
  for (const first of ["", "status\n"]) {
    const { channel, server, sys, turn } = withCosts(100, 1000, 1);
    const rule = "policy add --src 0.0.0.0/0 --dst 10.10.0.0/16 --action drop";
    channel.requests.push(`${first}save\nstatus\n${rule}\nsave\nstatus`);
    turn();
    assert.ok(server.pending);
    server.finish();
    assert.ok(!server.pending);
    assert.equal(String(sys.files["/run/s.sock.policy"]).split("\n").length, 1002);
    // The save that was in hand is answered; what only asks is not.
    assert.deepEqual(channel.replies, first === "" ? ["saved 1000 rule(s) to /run/s.sock.policy\n"] : []);
  }
});

test("a status in pages is the whole one in parts", () => {
  const { engine, channel, server } = withCosts(1000, 0, 0);
  for (const json of [true, false]) {
    const parts: string[] = [];
    let from = 0;
    do {
      channel.requests.push(`status${json ? " --json" : ""} --from ${from}`);
      do server.serve();
      while (server.pending);
      const reply = channel.replies.pop()!;
      assert.ok(reply.length <= 65000);
      const page = readStatusPage(reply, from)!;
      assert.equal(page.run, "7.5");
      parts.push(page.part);
      from = page.next;
    } while (from !== 0);
    assert.ok(parts.length > 1);
    assert.equal(parts.join(""), json ? statusJson(engine, NODE) : statusText(engine, NODE));
  }
});

test("what a page's first line must be", () => {
  assert.deepEqual(readStatusPage("# status page run=1.2 from=3 next=9\nrest\n", 3), {
    run: "1.2",
    next: 9,
    part: "rest\n",
  });
  for (const other of [
    "status unavailable\n",
    "# status page run=1.2 from=3 next=3\n",
    "# status page run=1.2 from=4 next=9\n",
    "# status page run=1.2 from=3 next=x\n",
    "# status page run=1.2 from=3 next=9",
    '{"schema_version":1}',
    "",
  ]) {
    assert.equal(readStatusPage(other, 3), null, other);
  }
});

test("names cannot break out of their place", () => {
  const { engine } = prepare();
  const node = {
    ...NODE,
    tun: 'a"b\\\x9b31m\u00c3\u00bc\xff',
    names: ["x endpoint=1.2.3.4:5", "plain-name_1.x"],
    labels: ["x endpoint=1.2.3.4:5", "plain-name_1.x"].map(fieldText),
  };
  const text = statusText(engine, node);
  assert.match(text, / tun="a\\"b\\\\\\x9b31m\u00c3\u00bc\\xff" peers=2\n/);
  assert.match(text, / id=2 name="x endpoint=1\.2\.3\.4:5" endpoint=/);
  assert.match(text, / id=3 name=plain-name_1\.x endpoint=/);
  const json = JSON.parse(
    new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(statusJson(engine, node), "latin1")),
  );
  assert.equal(json.tun, 'a"b\\\u009b31m\u00fc\u00ff');
  assert.equal(json.peers[0].name, "x endpoint=1.2.3.4:5");
  const c1 = JSON.parse(statusJson(engine, { ...NODE, tun: "\xc2\x9bx\x1b\x7f" }));
  assert.equal(c1.tun, "\xc2\x9bx\x1b\x7f");
  assert.doesNotMatch(statusJson(engine, { ...NODE, tun: "\xc2\x9bx\x1b\x7f" }), /[^\x20-\x7e]/);
});

test("warnings stand at the end, and only where there are some", () => {
  const { engine } = prepare();
  const node = { ...NODE, warnings: () => ["the buffer is small", 'a "quoted" one'] };
  assert.match(statusText(engine, node), /\nwarnings:\n {2}the buffer is small\n {2}a "quoted" one\n$/);
  assert.doesNotMatch(statusText(engine, NODE), /warnings/);
  assert.deepEqual(JSON.parse(statusJson(engine, node)).warnings, node.warnings());
});

test("datagrams of a peer that no key opened are shown, in the text only where there were some", () => {
  const { engine, view } = prepare();
  view.setBigUint64(
    engine.call.region(REGION_PEERS) + PEER_STRIDE + PEER_UNCLAIMED,
    18446744073709551615n,
    true,
  );
  const lines = statusText(engine, NODE).split("\n");
  assert.doesNotMatch(lines[3]!, /unclaimed/);
  assert.match(lines[4]!, / last_seen_wall_ns=0 unclaimed=18446744073709551615$/);
  assert.match(
    statusJson(engine, NODE),
    /"id":3,.*"online":false,"unclaimed":18446744073709551615,"allowed_srcs":\["10\.77\.0\.3\/32"\],"rx_packets"/,
  );
});

test("pending control work keeps the loop from sleeping, and data goes first", () => {
  const { engine, sys } = prepare();
  const calls: string[] = [];
  const control = { pending: true, serve: () => void calls.push("control") };
  const reactor = new Reactor(engine, sys, control, 1);
  let ready = os.READY_UDP;
  sys.wait = (ms) => {
    calls.push(`wait ${ms}`);
    return ready;
  };
  sys.udpReceive = () => {
    calls.push("data");
    return 0;
  };
  reactor.turn();
  ready = 0;
  reactor.turn();
  control.pending = false;
  reactor.turn();
  assert.deepEqual(calls, ["wait 0", "data", "control", "wait 0", "control", "wait -1"]);
});
