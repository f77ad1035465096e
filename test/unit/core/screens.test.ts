// What people see: help, `status` and `peers`, each kept in test/screens and compared. After a change that is meant,
// SUBNETRA_SCREENS=write writes them anew; look at the difference before it is committed.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../../lab/project.ts";
import { runClient } from "../../../src/core/control/client.ts";
import { agoText, bytesText, countText, peerRow, peerTexts } from "../../../src/core/control/peer-table.ts";
import { DAEMON_USAGE } from "../../../src/core/daemon-args.ts";
import { fieldText } from "../../../src/core/escape.ts";
import { JsonForm } from "../../../src/core/status/json.ts";
import { type NodeIdentity, wholeStatus } from "../../../src/core/status/status.ts";
import { statusText } from "../../../src/core/status/text.ts";
import * as abi from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeDaemon, FakeSys } from "../../support/core/fake-sys.ts";

const WIDTH = 80;
const SOCKET = "/run/subnetra/subnetra.sock";
const NS_PER_S = 1_000_000_000n;

function compare(name: string, screen: string): void {
  const path = join(root, "test/screens", `${name}.txt`);
  if (process.env.SUBNETRA_SCREENS === "write") writeFileSync(path, screen);
  assert.equal(screen, readFileSync(path, "utf8"));
}

function assertFits(screen: string): void {
  for (const line of screen.split("\n")) assert.ok(line.length <= WIDTH, `${line.length} columns: ${line}`);
}

interface Shown {
  name: string;
  id: number;
  /** Seconds since it was heard, null = never. */
  age: number | null;
  rx: bigint;
  tx: bigint;
  lost: bigint;
  drops: bigint;
}

const PEERS: Shown[] = [
  { name: "north-office", id: 2, age: 4, rx: 1_234_567_890n, tx: 98_765n, lost: 0n, drops: 0n },
  { name: 'Ann\'s "phone" \\', id: 3, age: 90, rx: 999n, tx: 1000n, lost: 12n, drops: 99_999n },
  { name: "", id: 4, age: null, rx: 0n, tx: 72n, lost: 0n, drops: 3n },
  {
    name: "a-name-of-thirty-two-characters-",
    id: 65535,
    age: 91,
    rx: 2n ** 64n - 1n,
    tx: 5_400_000n,
    lost: 123_456n,
    drops: 2n ** 64n - 1n,
  },
  { name: "cabin", id: 5, age: 7_300, rx: 9_960_000n, tx: 999_600n, lost: 1_200_000n, drops: 1n },
  { name: "old", id: 6, age: 3 * 86_400, rx: 12n, tx: 34n, lost: 0n, drops: 0n },
];

/** An engine that has these peers. */
function meshOf(peers: readonly Shown[]) {
  const engine = loadEngine();
  const sys = new FakeSys(engine);
  const { call, u8 } = engine;
  call.init(Math.max(64, peers.length), 16, abi.DEFAULT_RX_BUFFERS);
  sys.clock(call.region(abi.REGION_CLOCK));
  call.setNode(1, 1);
  call.setPlatform(0, 0, 2);
  call.startEpoch();
  const scratch = call.region(abi.REGION_SCRATCH);
  const view = new DataView(u8.buffer);
  peers.forEach((peer, i) => {
    u8.fill(1, scratch, scratch + 32);
    view.setUint32(scratch + 32, 0x0a4d0002 + i, true);
    view.setUint32(scratch + 36, 32, true);
    call.addPeer(peer.id, scratch, 0x1ec8a8c0 + (i << 24), 0xffff, scratch + 32);
    const at = call.region(abi.REGION_PEERS) + i * abi.PEER_STRIDE;
    const set = (field: number, value: bigint): void => view.setBigUint64(at + field, value, true);
    if (peer.age !== null) set(abi.PEER_LAST_SEEN, (sys.seconds - BigInt(peer.age)) * NS_PER_S);
    set(abi.PEER_RX_BYTES, peer.rx);
    set(abi.PEER_TX_BYTES, peer.tx);
    set(abi.PEER_LOST, peer.lost);
    set(abi.PEER_DROPS, peer.drops);
  });
  const node: NodeIdentity = {
    version: "0.0.0",
    localId: 1,
    role: "hub",
    obfuscate: true,
    ports: [18020, 18023, 18026],
    tun: "snr0",
    names: peers.map((peer) => peer.name),
    labels: peers.map((peer) => fieldText(peer.name)),
    run: "7.5",
    startedAt: 10,
    socketDrops: () => 0,
    warnings: () => [],
  };
  return { engine, node };
}

/** What `subnetra` prints where a daemon answers so. */
function client(answer: (request: string) => string | null, ...args: string[]) {
  const sys = new FakeSys(loadEngine());
  sys.machine.files.mkdir("/run/subnetra");
  new FakeDaemon(sys, SOCKET, answer);
  return { exit: runClient(sys, args), stdout: sys.stdout, stderr: sys.stderr, log: sys.log };
}

const statusOf = (peers: readonly Shown[]): string => {
  const { engine, node } = meshOf(peers);
  return wholeStatus(new JsonForm(engine, node), peers.length);
};

test("help fits 80 columns", () => {
  const { stdout } = client(() => null, "--help");
  assertFits(stdout);
  compare("help-subnetra", stdout);
  assertFits(DAEMON_USAGE);
  compare("help-subnetrad", DAEMON_USAGE);
});

test("status: lines of our own fit 80 columns; those of the original are what they are", () => {
  const { engine, node } = meshOf(PEERS);
  const screen = statusText(engine, node);
  compare("status", screen);
  assertFits(screen.substring(screen.indexOf("\nnode:")));
});

test("peers: every column, the longest values, and names that have to be cut", () => {
  const { exit, stdout } = client(() => statusOf(PEERS), "peers");
  assert.equal(exit, 0);
  assertFits(stdout);
  compare("peers", stdout);
  assert.equal(peerRow(peerTexts(statusOf(PEERS))[1]!)[0], PEERS[1]!.name);
});

test("peers of the original, which has no figures of a peer", () => {
  const reply =
    '{"schema_version":1,"version":"0.9.0","mode":"raw_direct","local_id":1,"listen_port":18020,"tun":"snr0","peers":[' +
    '{"id":2,"name":"x","endpoint":"198.51.100.20:18020","allowed_src":"10.77.0.2/32","last_seen_wall_ns":5,"last_seen_age_seconds":7,"online":true},' +
    '{"id":3,"name":"","endpoint":"198.51.100.21:18020","allowed_src":"10.77.0.3/32","last_seen_wall_ns":0,"last_seen_age_seconds":null,"online":false}' +
    '],"counters":{"tun_rx_packets":1}}';
  const asked: string[] = [];
  const { exit, stdout } = client((request) => {
    asked.push(request);
    return reply;
  }, "peers");
  assert.deepEqual([exit, asked], [0, ["status --json --from 0"]]);
  compare("peers-original", stdout);
});

test("figures in units: three digits at most, rounded, never a thousand of one unit", () => {
  const bytes = ["0", "999", "1000", "9949", "9950", "99499", "999499", "999500", "18446744073709551615"];
  assert.deepEqual(bytes.map(bytesText), [
    "0 B",
    "999 B",
    "1.0 kB",
    "9.9 kB",
    "10 kB",
    "99 kB",
    "999 kB",
    "1.0 MB",
    "18 EB",
  ]);
  assert.deepEqual(["0", "99999", "100000", "999999", ""].map(countText), [
    "0",
    "99999",
    "100k",
    "1.0M",
    "-",
  ]);
  const ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 172_800, 99 * 86_400, 100 * 86_400, 2 ** 31 - 1];
  assert.deepEqual(ages.map(agoText), [
    "0 s ago",
    "59 s ago",
    "1 min ago",
    "59 min ago",
    "1 h ago",
    "23 h ago",
    "1 day ago",
    "2 days ago",
    "99 days ago",
    "100+ days",
    "100+ days",
  ]);
});

test("a thousand peers come in pages and are one table", () => {
  const many: Shown[] = Array.from({ length: 1000 }, (_, i) => ({
    ...PEERS[i % 6]!,
    id: 2 + i,
    name: `n${i}`,
  }));
  const { engine, node } = meshOf(many);
  const form = new JsonForm(engine, node);
  const per = 150;
  const page = (from: number): string => {
    const end = Math.min(from + per, many.length);
    const parts = from === 0 ? [form.head()] : [];
    for (let i = from; i < end; i++) parts.push(form.peer(i));
    if (end === many.length) parts.push(form.tail());
    return `# status page run=1 from=${from} next=${end === many.length ? 0 : end}\n${parts.join("")}`;
  };
  const { exit, stdout } = client((request) => page(Number(/--from (\d+)$/.exec(request)![1])), "peers");
  assert.equal(exit, 0);
  assertFits(stdout);
  const lines = stdout.split("\n");
  assert.equal(lines.length, 1002);
  lines.slice(1, -1).forEach((line, i) => {
    assert.ok(line.startsWith(`n${i} `), line);
  });
});

test("status --healthy: nothing but the exit status", () => {
  const answers: [number, () => string | null][] = [
    [0, () => statusOf(PEERS)],
    [1, () => statusOf(PEERS.slice(2, 4))],
    [1, () => '{"error":"status unavailable"}\n'],
    [1, () => null],
  ];
  for (const [exit, answer] of answers) {
    const result = client(answer, "status", "--healthy");
    assert.deepEqual([result.exit, result.stdout, result.stderr], [exit, "", ""]);
  }
  const sys = new FakeSys(loadEngine());
  assert.deepEqual([runClient(sys, ["status", "--healthy"]), sys.stdout, sys.stderr], [1, "", ""]);
});

test("peers tells why there is no table", () => {
  const refused = client(() => '{"error":"status unavailable"}\n', "peers");
  assert.deepEqual([refused.exit, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^subnetra: the daemon cannot tell its status/);
  const silent = client(() => null, "peers");
  assert.deepEqual([silent.exit, silent.stderr], [1, "subnetra: no response from daemon (timed out)\n"]);
});
