// Changing rules while the node runs: what the daemon answers (control-protocol.md §11).

import assert from "node:assert/strict";
import { test } from "node:test";
import { writePrefix } from "../../../src/core/cidr.ts";
import { ControlServer } from "../../../src/core/control/server.ts";
import { UPLOAD_LIFE_MS } from "../../../src/core/limits.ts";
import { DEFAULT_RX_BUFFERS, KEY_LENGTH, REGION_CLOCK, REGION_SCRATCH } from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeChannel } from "../../support/core/fake-channel.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const NODE = {
  version: "0.10.0",
  localId: 1,
  role: "hub" as const,
  obfuscate: true,
  ports: [18020],
  tun: "snr0",
  names: ["alice", ""],
  labels: ["alice", ""],
  run: "7.5",
  startedAt: 58,
  socketDrops: () => 0,
  warnings: () => [],
};
const MAX_RULES = 2000;

/** A daemon with peers 2 (alice, 10.77.0.2/32) and 3 (unnamed, 10.77.0.0/28), and no rules. */
function prepare(matchSrc = false) {
  const engine = loadEngine();
  engine.call.init(8, MAX_RULES, DEFAULT_RX_BUFFERS);
  engine.call.setMatchSrc(matchSrc ? 1 : 0);
  const sys = new FakeSys(engine);
  sys.clock(engine.call.region(REGION_CLOCK));
  engine.call.setNode(1, 1);
  engine.call.setPlatform(0, 0, 2);
  assert.equal(engine.call.startEpoch(), 0);
  [
    { id: 2, address: 0x0a4d0002, bits: 32 },
    { id: 3, address: 0x0a4d0000, bits: 28 },
  ].forEach(({ id, address, bits }) => {
    const scratch = engine.call.region(REGION_SCRATCH);
    engine.u8.fill(id, scratch, scratch + KEY_LENGTH);
    writePrefix(engine, scratch + KEY_LENGTH, { address, bits });
    engine.call.addPeer(id, scratch, id, id, scratch + KEY_LENGTH);
  });
  const channel = new FakeChannel();
  let late = 0;
  sys.milliseconds = () => late;
  const server = new ControlServer({ engine, sys }, channel, NODE, "/run/s.sock.policy");
  const askAll = (...requests: string[]): string[] => {
    channel.requests.push(...requests);
    server.serve();
    while (server.pending || channel.requests.length > 0) server.serve();
    return channel.replies.splice(0);
  };
  const ask = (request: string): string => {
    const replies = askAll(request);
    assert.equal(replies.length, 1, request);
    return replies[0]!;
  };
  const pass = (ms: number): void => {
    late += ms;
  };
  return { engine, sys, channel, server, ask, askAll, pass };
}

const rule = (dst: string, target: number | "drop", src = "0.0.0.0/0") =>
  `--src ${src} --dst ${dst} --action ${target === "drop" ? "drop" : `forward --target ${target}`}`;
const add = (dst: string, target: number | "drop", src?: string) => `policy add ${rule(dst, target, src)}`;

test("policy insert answers with the number of rules", () => {
  const { ask } = prepare();
  assert.equal(ask(`policy insert ${rule("10.1.0.0/16", 2)}`), "ok 1 rules\n");
  assert.equal(ask(`policy insert ${rule("10.2.0.0/16", 0)}`), "ok 2 rules\n");
  assert.equal(ask(`policy insert ${rule("10.3.0.0/16", "drop")}`), "ok 3 rules\n");
  assert.equal(
    ask("policy show"),
    `${add("10.1.0.0/16", 2)}\n${add("10.2.0.0/16", 0)}\n${add("10.3.0.0/16", "drop")}\n`,
  );
});

test("policy insert refuses a target that is no peer, unless forced, and a full table", () => {
  const { ask, askAll } = prepare();
  assert.equal(
    ask(`policy insert ${rule("10.1.0.0/16", 9)}`),
    "error UnknownTarget no peer has id 9; --force takes it nevertheless\n",
  );
  assert.equal(ask("policy show"), "# no policy rules\n");
  assert.equal(ask(`policy insert --force ${rule("10.1.0.0/16", 9)}`), "ok 1 rules\n");
  assert.equal(ask(`policy insert ${rule("10.1.0.0/16", 4294967295)} --force`), "ok 2 rules\n");
  askAll(...Array(MAX_RULES - 2).fill(add("10.1.0.0/16", 2)));
  assert.equal(
    ask(`policy insert ${rule("10.1.0.0/16", 2)}`),
    `error OutOfSpace the table is full with ${MAX_RULES} rules; raise max_rules\n`,
  );
});

test("policy add is what it was: no answer, any target, the action left out means drop", () => {
  const { ask, askAll } = prepare();
  assert.deepEqual(askAll(add("10.1.0.0/16", 99), "policy add --src 0.0.0.0/0 --dst 10.2.0.0/16"), []);
  assert.deepEqual(askAll(`${add("10.1.0.0/16", 2)} --force`), []);
  assert.equal(ask("policy show"), `${add("10.1.0.0/16", 99)}\n${add("10.2.0.0/16", "drop")}\n`);
});

test("a new request that does not parse is told so, an old one is met with silence", () => {
  const { ask, askAll } = prepare();
  for (const [request, reply] of [
    ["policy insert", "error MissingArgument usage: policy insert --src CIDR"],
    ["policy insert --src 0.0.0.0/0 --dst 10.0.0.0/8", "error MissingArgument "],
    ["policy del", "error MissingArgument usage: policy del --dst CIDR [--src CIDR]\n"],
    ["policy del --dst 10.0.0.0", "error InvalidValue "],
    ["policy del --src 10.0.0.0/8", "error MissingArgument "],
    ["policy del --dst", "error MissingArgument "],
    ["policy del --dst 10.0.0.0/8 --action drop", "error UnknownCommand "],
    ["policy test 10.0.0.1", "error MissingArgument usage: policy test SRC DST\n"],
    ["policy test 10.0.0.1 10.0.0.0/8", "error InvalidValue "],
    ["policy test 10.0.0.1 10.0.0.2 10.0.0.3", "error UnknownCommand "],
    ["policy upload", "error MissingArgument "],
    ["policy upload begin x", "error InvalidValue "],
    ["policy upload begin 1 2", "error UnknownCommand "],
    ["policy upload 1 commit now", "error UnknownCommand "],
    ["policy upload x commit", "error InvalidValue "],
    ["policy upload 1 0", "error MissingArgument "],
    ["policy replace", "error MissingArgument "],
    ["policy replace rules.txt", "error UnknownCommand "],
  ] as const) {
    assert.ok(ask(request).startsWith(reply), request);
  }
  assert.deepEqual(
    askAll("policy", "policy remove", "policy add", "policy show --from x", "del", "# policy del"),
    [],
  );
});

test("policy del removes the rules with that destination, and with a source only those", () => {
  const { ask, askAll } = prepare();
  askAll(
    add("10.1.0.0/16", 2),
    add("10.1.2.3/16", 3),
    add("10.1.0.0/17", 2),
    add("10.2.0.0/16", 2, "10.9.0.0/16"),
    add("10.2.0.0/16", 3),
    add("10.2.0.0/16", "drop", "10.9.7.7/16"),
  );
  assert.equal(ask("policy del --dst 10.1.0.0/16"), "ok 2 removed\n");
  assert.equal(ask("policy del --src 10.9.0.0/16 --dst 10.2.0.0/16"), "ok 2 removed\n");
  assert.equal(ask("policy show"), `${add("10.1.0.0/17", 2)}\n${add("10.2.0.0/16", 3)}\n`);
  assert.equal(
    ask("policy del --dst 10.1.0.0/16"),
    "error NoSuchRule no rule has destination 10.1.0.0/16; see policy show\n",
  );
  assert.equal(
    ask("policy del --dst 10.2.0.0/16 --src 10.8.0.0/16"),
    "error NoSuchRule no rule has destination 10.2.0.0/16 and source 10.8.0.0/16; see policy show\n",
  );
  // What is added afterwards stands behind what is left.
  assert.deepEqual(askAll(add("10.1.0.0/16", 3)), []);
  assert.equal(
    ask("policy show"),
    `${add("10.1.0.0/17", 2)}\n${add("10.2.0.0/16", 3)}\n${add("10.1.0.0/16", 3)}\n`,
  );
  for (const dst of ["10.1.0.0/17", "10.2.0.0/16", "10.1.0.0/16"])
    assert.equal(ask(`policy del --dst ${dst}`), "ok 1 removed\n");
  assert.equal(ask("policy show"), "# no policy rules\n");
  assert.match(ask("policy del --dst 10.1.0.0/16"), /^error NoSuchRule /);
});

const staged = (i: number) => `0.0.0.0/0,10.${i >> 8}.${i & 255}.0/24,${i % 2 === 0 ? 2 : "drop"}`;

/** Requests for a whole table, in pages. */
function upload(token: string, count: number, page: number): string[] {
  const requests: string[] = [];
  for (let from = 0; from < count; from += page) {
    const rules = Array.from({ length: Math.min(page, count - from) }, (_, i) => staged(from + i));
    requests.push(`policy upload ${token} ${from} ${rules.join(" ")}`);
  }
  return requests;
}

function tokenOf(reply: string): string {
  const match = /^ok (\d+)\n$/.exec(reply);
  assert.ok(match !== null, reply);
  return match[1]!;
}

test("an upload takes the table's place at once, when it is whole", () => {
  const { ask, askAll, engine } = prepare();
  askAll(add("10.9.0.0/16", 3));
  for (const count of [1500, 3, 0, MAX_RULES, 1]) {
    const before = engine.call.ruleCount();
    const token = tokenOf(ask(`policy upload begin ${count}`));
    for (const request of upload(token, count, 90)) {
      assert.match(ask(request), /^ok \d+ of \d+ rules\n$/);
      assert.equal(engine.call.ruleCount(), before);
    }
    assert.equal(ask(`policy upload ${token} commit`), `ok ${count} rules\n`);
    assert.equal(engine.call.ruleCount(), count);
    assert.match(ask(`policy upload ${token} commit`), /^error NoSuchUpload /);
  }
  assert.equal(ask("policy show"), `${add("10.0.0.0/24", 2)}\n`);
  assert.deepEqual(askAll(add("10.1.0.0/16", 3)), []);
  assert.equal(ask("policy show"), `${add("10.0.0.0/24", 2)}\n${add("10.1.0.0/16", 3)}\n`);
});

test("other requests between the pages neither disturb an upload nor are disturbed", () => {
  const { ask, askAll, engine } = prepare();
  const token = tokenOf(ask("policy upload begin 200"));
  for (const request of upload(token, 200, 20)) {
    askAll(add("10.200.0.0/16", 3));
    assert.match(ask(request), /^ok /);
    assert.match(ask("policy del --dst 10.200.0.0/16"), /^ok 1 removed/);
    assert.equal(ask(`policy insert ${rule("10.201.0.0/16", 3)}`), `ok ${engine.call.ruleCount()} rules\n`);
    ask("save");
  }
  assert.equal(engine.call.ruleCount(), 10);
  assert.equal(ask(`policy upload ${token} commit`), "ok 200 rules\n");
  const shown = ask("policy show").trim().split("\n");
  assert.equal(shown.length, 200);
  assert.equal(shown[101], add("10.0.101.0/24", "drop"));
});

test("two uploads at once do not mix: the second waits, and takes over from one that fell silent", () => {
  const { ask, pass } = prepare();
  const first = tokenOf(ask("policy upload begin 2"));
  assert.match(ask(upload(first, 1, 1)[0]!), /^ok 1 of 2 rules/);
  pass(UPLOAD_LIFE_MS - 1);
  assert.match(ask("policy upload begin 1"), /^error Busy .* for 1 ms at most\n$/);
  assert.match(ask(`policy upload ${Number(first) + 1} 0 ${staged(0)}`), /^error NoSuchUpload /);
  pass(1);
  const second = tokenOf(ask("policy upload begin 1"));
  assert.notEqual(second, first);
  assert.match(ask(`policy upload ${first} 1 ${staged(1)}`), /^error NoSuchUpload .* nothing was changed\n$/);
  assert.match(ask(`policy upload ${first} commit`), /^error NoSuchUpload /);
  assert.match(ask(`policy upload ${second} 0 ${staged(7)}`), /^ok 1 of 1/);
  assert.equal(ask(`policy upload ${second} commit`), "ok 1 rules\n");
  assert.equal(ask("policy show"), `${add("10.0.7.0/24", "drop")}\n`);
});

test("an upload that is wrong, too long, out of order or incomplete changes nothing", () => {
  const cases: [string, string[], RegExp][] = [
    ["begin 2", ["0 0.0.0.0/0,10.0.0.0/8,2 x"], /^error InvalidValue rule 1: not SRC,DST,TARGET: nothing/],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/8"], /^error InvalidValue rule 0: /],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/8,2,3"], /^error InvalidValue rule 0: /],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/33,2"], /^error InvalidValue rule 0: /],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/8,-1"], /^error InvalidValue rule 0: /],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/8,Drop"], /^error InvalidValue rule 0: /],
    ["begin 1", ["0 0.0.0.0/0,10.0.0.0/8,9"], /^error UnknownTarget rule 0: no peer has id 9; --force/],
    ["begin 2", [`0 ${staged(0)}`, `0 ${staged(0)}`], /^error OutOfOrder /],
    ["begin 2", [`1 ${staged(0)}`], /^error OutOfOrder /],
    ["begin 1", [`0 ${staged(0)} ${staged(1)}`], /^error OutOfOrder /],
    ["begin 1", [`4294967295 ${staged(0)}`], /^error OutOfOrder /],
    [
      "begin 3",
      [`0 ${staged(0)} ${staged(1)}`, "commit"],
      /^error OutOfOrder 2 of 3 rules have come: nothing/,
    ],
    ["begin 1", [`0 ${staged(0)}`, "abort"], /^ok nothing was changed\n$/],
  ];
  for (const [begin, requests, reply] of cases) {
    const { ask, askAll } = prepare();
    askAll(add("10.9.0.0/16", 3));
    const token = tokenOf(ask(`policy upload ${begin}`));
    const replies = requests.map((request) => ask(`policy upload ${token} ${request}`));
    assert.match(replies.at(-1)!, reply);
    assert.match(ask(`policy upload ${token} commit`), /^error NoSuchUpload /);
    assert.equal(ask("policy show"), `${add("10.9.0.0/16", 3)}\n`);
    // The place is free again.
    tokenOf(ask("policy upload begin 1"));
  }
  const { ask } = prepare();
  assert.match(
    ask(`policy upload begin ${MAX_RULES + 1}`),
    /^error OutOfSpace 2001 rules, the table holds 2000; raise/,
  );
  const forced = tokenOf(ask("policy upload begin 1 --force"));
  assert.match(ask(`policy upload ${forced} 0 0.0.0.0/0,10.0.0.0/8,9`), /^ok 1 of 1 rules/);
});

test("policy test names every prefix that a peer may send from", () => {
  const { ask, askAll, engine } = prepare();
  const scratch = engine.call.region(REGION_SCRATCH);
  for (const address of [0x0a090000, 0x0a080000]) {
    writePrefix(engine, scratch, { address, bits: 16 });
    assert.equal(engine.call.addSource(0, scratch), 0);
  }
  askAll(add("10.9.0.0/16", 2), add("10.7.0.0/16", 2), add("10.77.0.3/32", 3));
  const all = "its allowed_src 10.77.0.2/32, 10.9.0.0/16, 10.8.0.0/16";
  assert.match(ask("policy test 10.9.0.1 10.77.0.3"), new RegExp(`${all} holds it$`, "m"));
  assert.match(ask("policy test 10.7.0.1 10.77.0.3"), new RegExp(`${all} does not hold it: dropped`));
});

test("policy test tells which rule decides and whether the source may be used", () => {
  const { ask, askAll } = prepare();
  assert.equal(
    ask("policy test 10.77.0.2 10.9.0.1"),
    "ok no rule\nsource 10.77.0.2: no rule leads back to a peer; allowed_src holds it at peer 2 (alice), peer 3\n" +
      "dropped: no rule has that destination (drop_*_no_route)\n",
  );
  askAll(
    add("10.77.0.2/32", 2),
    add("10.77.0.3/32", 3),
    add("10.77.0.1/32", 0),
    add("10.9.0.0/16", 2),
    add("10.8.0.0/16", 9),
    add("10.77.0.66/32", "drop"),
  );
  for (const [words, reply] of [
    [
      "10.77.0.2 10.77.0.3",
      `forward to peer 3 by rule 2: ${add("10.77.0.3/32", 3)}\n` +
        "source 10.77.0.2: from peer 2 (alice), by rule 1; its allowed_src 10.77.0.2/32 holds it\n",
    ],
    [
      "10.77.0.3 10.77.0.1",
      `deliver here by rule 3: ${add("10.77.0.1/32", 0)}\n` +
        "source 10.77.0.3: from peer 3, by rule 2; its allowed_src 10.77.0.0/28 holds it\n",
    ],
    [
      "10.9.3.4 10.77.0.3",
      `forward to peer 3 by rule 2: ${add("10.77.0.3/32", 3)}\n` +
        "source 10.9.3.4: from peer 2 (alice), by rule 4; its allowed_src 10.77.0.2/32 does not hold it: " +
        "dropped (drop_udp_spoof); no peer's allowed_src holds it\n",
    ],
    [
      "10.77.0.1 10.77.0.66",
      `drop by rule 6: ${add("10.77.0.66/32", "drop")}\n` +
        "source 10.77.0.1: this node's own side, by rule 3; no allowed_src applies\n",
    ],
    [
      "10.77.0.1 10.77.0.1",
      `deliver here by rule 3: ${add("10.77.0.1/32", 0)}\n` +
        "source 10.77.0.1: this node's own side, by rule 3; no allowed_src applies\n" +
        "dropped: from here to here (drop_tun_local_loop)\n",
    ],
    [
      "10.77.0.2 10.9.0.1",
      `forward to peer 2 (alice) by rule 4: ${add("10.9.0.0/16", 2)}\n` +
        "source 10.77.0.2: from peer 2 (alice), by rule 1; its allowed_src 10.77.0.2/32 holds it\n" +
        "dropped: back to the peer it comes from (drop_udp_no_reflect)\n",
    ],
    [
      "10.77.0.3 10.8.0.1",
      `forward to peer 9 (not configured) by rule 5: ${add("10.8.0.0/16", 9)}\n` +
        "source 10.77.0.3: from peer 3, by rule 2; its allowed_src 10.77.0.0/28 holds it\n" +
        "dropped: no peer has id 9 (drop_*_unknown_target)\n",
    ],
  ] as const) {
    assert.equal(ask(`policy test ${words}`), `ok ${reply}`);
  }
});

test("with match_src policy test asks for the pair, forth and back", () => {
  const { ask, askAll } = prepare(true);
  askAll(
    add("10.9.0.0/16", 2, "10.77.0.3/32"),
    add("10.9.0.0/16", "drop"),
    add("10.77.0.3/32", 3, "10.9.0.0/16"),
  );
  assert.match(
    ask("policy test 10.77.0.3 10.9.0.1"),
    /^ok forward to peer 2 \(alice\) by rule 1: .*\n.* from peer 3, by rule 3;/,
  );
  assert.match(ask("policy test 10.77.0.4 10.9.0.1"), /^ok drop by rule 2: .*\n.*no rule leads back/);
  assert.match(ask("policy test 10.8.0.1 10.77.0.3"), /^ok no rule\n/);
});

test("a change is made even where no answer can be sent; a question is not worked on", () => {
  const { channel, server, engine } = prepare();
  channel.answerable = false;
  channel.requests.push(
    `policy insert ${rule("10.1.0.0/16", 2)}`,
    "policy test 10.0.0.1 10.0.0.2",
    "policy del",
  );
  server.serve();
  assert.equal(engine.call.ruleCount(), 1);
  assert.deepEqual(channel.replies, []);
});
