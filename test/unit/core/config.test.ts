import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { formatCidr } from "../../../src/core/cidr.ts";
import { buildRegistry, checkRegistry } from "../../../src/core/config/registry.ts";
import { checkSanity } from "../../../src/core/config/sanity.ts";
import { type Config, parseConfig } from "../../../src/core/config/values.ts";
import { isSubnetraError } from "../../../src/core/errors.ts";
import { VERSION } from "../../../src/core/version.ts";
import { loadEngine } from "../../../src/engine/load.ts";

const key = (digit: string) => digit.repeat(64);
const peer = (more: object = {}) => ({
  id: 2,
  endpoint: "198.51.100.20:18020",
  allowed_src: "10.77.0.2/32",
  psk: key("a"),
  ...more,
});

function parse(document: unknown): Config {
  const bytes =
    typeof document === "string" ? Buffer.from(document, "latin1") : Buffer.from(JSON.stringify(document));
  return parseConfig(bytes, bytes.length);
}

/** Code and path of the first error, or "ok". */
function outcome(document: unknown): string {
  try {
    const config = parse(document);
    checkSanity(config);
    checkRegistry(config);
    return "ok";
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    assert.ok(error.detail.length > 0 && error.remedy.length > 0);
    return error.path === "" ? error.code : `${error.code} ${error.path}`;
  }
}

function check(cases: [unknown, string][]) {
  for (const [document, expected] of cases) {
    assert.equal(
      outcome(document),
      expected,
      typeof document === "string" ? document : JSON.stringify(document),
    );
  }
}

test("VERSION is that of package.json", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8"));
  assert.equal(VERSION, manifest.version);
});

test("defaults", () => {
  const { peers, ...config } = parse({ peers: [{ endpoint: "1.2.3.4:5", psk: key("A") }] });
  assert.deepEqual(config, {
    negotiationVersion: 1,
    role: "manual",
    localId: 0,
    mtu: 1436,
    listenPorts: [18020, 18023, 18026],
    virtualSubnet: { address: 0x0a000000, bits: 24 },
    localTunIp: null,
    localRoutes: [],
    remoteRoutes: [],
    keepaliveSecs: 0,
    obfuscate: true,
    log: "events",
    policyFile: null,
    matchSrc: false,
    maxPeers: 1024,
    maxRules: 4096,
    replayWindow: 64,
  });
  assert.deepEqual(peers, [
    {
      id: 0,
      endpoint: { address: 0x01020304, port: 5 },
      allowedSrcs: [{ address: 0, bits: 0 }],
      psk: new Uint8Array(32).fill(0xaa),
      name: "",
      keepaliveSecs: null,
      endpointHost: null,
    },
  ]);
});

test("defaults by role", () => {
  assert.deepEqual(parse({ role: "hub" }).listenPorts, [18020, 18023, 18026]);
  assert.deepEqual(parse({ role: "spoke" }).listenPorts, [18020]);
  assert.equal(parse({ role: "spoke" }).keepaliveSecs, 20);
  assert.equal(parse({ role: "spoke", keepalive_secs: null }).keepaliveSecs, 20);
  assert.equal(parse({ role: "spoke", keepalive_secs: 0 }).keepaliveSecs, 0);
  assert.equal(parse({ role: "hub" }).keepaliveSecs, 0);
  assert.equal(parse({ keepalive_secs: 4294967295 }).keepaliveSecs, 4294967295);
});

test("ports", () => {
  assert.deepEqual(parse({ listen_port: 7 }).listenPorts, [7]);
  assert.deepEqual(parse({ listen_port: null, listen_ports: null }).listenPorts, [18020, 18023, 18026]);
  assert.deepEqual(parse({ listen_port: 0, listen_ports: [2, 1] }).listenPorts, [2, 1]);
  const eight = [1, 2, 3, 4, 5, 6, 7, 8];
  check([
    [{ listen_ports: eight, local_id: 1, peers: [peer()] }, "ok"],
    [{ listen_ports: [] }, "NoListenPort listen_ports"],
    [{ listen_ports: [...eight, 9] }, "TooManyListenPorts listen_ports"],
    [{ listen_ports: [0, ...eight] }, "TooManyListenPorts listen_ports"],
    [{ listen_ports: [1, 0] }, "InvalidListenPort listen_ports[1]"],
    [{ listen_port: 0 }, "InvalidListenPort listen_port"],
    [{ listen_ports: [5, 6, 5], local_id: 1, peers: [peer()] }, "DuplicateListenPort listen_ports[0]"],
    [{ listen_ports: [65536] }, "Overflow listen_ports[0]"],
    [{ listen_port: 65536 }, "Overflow listen_port"],
    [{ listen_ports: 18020 }, "UnexpectedToken listen_ports"],
    [{ listen_ports: ["18020"] }, "UnexpectedToken listen_ports[0]"],
    [{ listen_ports: [null] }, "UnexpectedToken listen_ports[0]"],
  ]);
});

test("types: only the named one, no quoted or fractional integers", () => {
  check([
    ["[]", "UnexpectedToken"],
    ["null", "UnexpectedToken"],
    ["7", "UnexpectedToken"],
    ['"x"', "UnexpectedToken"],
    [{ role: 1 }, "UnexpectedToken role"],
    [{ role: null }, "UnexpectedToken role"],
    [{ local_id: "1" }, "UnexpectedToken local_id"],
    [{ local_id: null }, "UnexpectedToken local_id"],
    [{ local_id: [1] }, "UnexpectedToken local_id"],
    [{ local_id: {} }, "UnexpectedToken local_id"],
    [{ local_id: true }, "UnexpectedToken local_id"],
    [{ obfuscate: 1 }, "UnexpectedToken obfuscate"],
    [{ obfuscate: "true" }, "UnexpectedToken obfuscate"],
    [{ obfuscate: null }, "UnexpectedToken obfuscate"],
    [{ virtual_subnet: 1 }, "UnexpectedToken virtual_subnet"],
    [{ local_tun_ip: null }, "UnexpectedToken local_tun_ip"],
    [{ local_routes: "10.0.0.0/8" }, "UnexpectedToken local_routes"],
    [{ remote_routes: [1] }, "UnexpectedToken remote_routes[0]"],
    [{ peers: {} }, "UnexpectedToken peers"],
    [{ peers: null }, "UnexpectedToken peers"],
    [{ peers: [1] }, "UnexpectedToken peers[0]"],
    [{ peers: [{}, { psk: [1, 2] }] }, "UnexpectedToken peers[1].psk"],
    [{ psk: null }, "UnexpectedToken psk"],
    [{ policy_file: null }, "UnexpectedToken policy_file"],
    [{ log: true }, "UnexpectedToken log"],
    ['{"local_id":1.5}', "InvalidNumber local_id"],
    ['{"local_id":1.0}', "InvalidNumber local_id"],
    ['{"local_id":1e3}', "InvalidNumber local_id"],
    ['{"local_id":-0}', "InvalidNumber local_id"],
    ['{"local_id":-1}', "Overflow local_id"],
    ['{"local_id":4294967296}', "Overflow local_id"],
    [`{"local_id":${"9".repeat(400)}}`, "Overflow local_id"],
    [{ negotiation_version: 256 }, "Overflow negotiation_version"],
    [{ local_tun_mtu: 65536 }, "Overflow local_tun_mtu"],
    [{ keepalive_secs: 4294967296 }, "Overflow keepalive_secs"],
    [{ peers: [{ id: -5 }] }, "Overflow peers[0].id"],
    [{ negotiation_version: 200, local_id: 1, peers: [peer()] }, "ok"],
  ]);
});

test("strict JSON", () => {
  check([
    ["", "UnexpectedEndOfInput"],
    ["  \n", "UnexpectedEndOfInput"],
    ["{", "UnexpectedEndOfInput"],
    ['{"role', "UnexpectedEndOfInput"],
    ['{"role"', "UnexpectedEndOfInput"],
    ['{"role":', "UnexpectedEndOfInput role"],
    ['{"role":"hub"', "UnexpectedEndOfInput"],
    ['{"local_id":1', "UnexpectedEndOfInput"],
    ['{"local_id":-', "UnexpectedEndOfInput local_id"],
    ['{"obfuscate":tru', "UnexpectedEndOfInput obfuscate"],
    ["{,}", "SyntaxError"],
    ['{"role":"hub",}', "SyntaxError"],
    ['{"role" "hub"}', "SyntaxError"],
    ['{"role":"hub" "x":1}', "SyntaxError"],
    ["{role:1}", "SyntaxError"],
    ["{'role':1}", "SyntaxError"],
    ['{"role":"hub"} x', "SyntaxError"],
    ['{"role":"hub"}{}', "SyntaxError"],
    ['{"x":1} // c', "SyntaxError"],
    ['/**/{"x":1}', "SyntaxError"],
    ["\xef\xbb\xbf{}", "SyntaxError"],
    ['{"local_id":01}', "SyntaxError local_id"],
    ['{"local_id":+1}', "SyntaxError local_id"],
    ['{"local_id":.5}', "SyntaxError local_id"],
    ['{"local_id":1.}', "SyntaxError local_id"],
    ['{"local_id":1e}', "SyntaxError local_id"],
    ['{"local_id":1_0}', "SyntaxError"],
    ['{"listen_ports":[1,]}', "SyntaxError listen_ports[1]"],
    ['{"listen_ports":[,1]}', "SyntaxError listen_ports[0]"],
    ['{"listen_ports":[1}', "SyntaxError listen_ports"],
    ['{"obfuscate":True}', "SyntaxError obfuscate"],
    ['{"role":"h\nub"}', "SyntaxError role"],
    ['{"role":"h\\xub"}', "SyntaxError role"],
    ['{"role":"h\\u12g4"}', "SyntaxError role"],
    ['{"role":"\\ud800"}', "SyntaxError role"],
    ['{"role":"\\udc00"}', "SyntaxError role"],
    ['{"role":"\\ud800\\u0041"}', "SyntaxError role"],
    ['{"role":"\xff"}', "SyntaxError role"],
    ['{"role":"\xc0\x80"}', "SyntaxError role"],
    ['{"role":"\xed\xa0\x80"}', "SyntaxError role"],
    ['{"role":"\xf4\x90\x80\x80"}', "SyntaxError role"],
    ['{"x":"\xff"}', "SyntaxError"],
    ['{"x":[1 2]}', "SyntaxError"],
    ['{"x":{"y":}}', "SyntaxError"],
    ['{"x":[}', "SyntaxError"],
    ['{"x":[{]}', "SyntaxError"],
    ['{"x":nul}', "SyntaxError"],
  ]);
});

test("a JSON error names its line and column", () => {
  const detail = (text: string) => {
    try {
      parse(text);
    } catch (error) {
      if (isSubnetraError(error)) return error.detail;
    }
    return "";
  };
  assert.match(detail('{\n  "role": "hub",\n  "local_id": 1.5 }'), /^line 3, column 15: /);
  assert.match(detail('{"a":1,}'), /^line 1, column 8: a comma before the closing bracket$/);
  assert.match(detail('{\n\n"a":1'), /^line 3, column 6: the document ends here/);
});

test("unknown fields are ignored, known ones may come once", () => {
  const rest = { local_id: 1, peers: [peer({ note: [{ deep: [null, "x"] }] })] };
  check([
    [{ ...rest, comment: { a: [1, 2, { b: "c" }], d: -1.5e-7 }, "\u00fc": 1, "": 2 }, "ok"],
    [
      `{"__proto__":{"role":"nonsense"},"constructor":1,"hasOwnProperty":[],${JSON.stringify(rest).slice(1)}`,
      "ok",
    ],
    [`{"x":1,"x":2,"y":{"z":1,"z":2},${JSON.stringify(rest).slice(1)}`, "ok"],
    ['{"role":"hub","role":"hub"}', "DuplicateField role"],
    ['{"role":"hub","r\\u006fle":"hub"}', "DuplicateField role"],
    ['{"peers":[{"id":1,"name":"a","id":2}]}', "DuplicateField peers[0].id"],
    [`{"${"x".repeat(1000)}":1,${JSON.stringify(rest).slice(1)}`, "ok"],
  ]);
});

test("64 KiB of brackets and huge numbers are harmless", () => {
  const half = 32000;
  check([
    [`{"x":${"[".repeat(half)}${"]".repeat(half)},"role":"r"}`, "InvalidRole role"],
    [`{"x":${'{"a":'.repeat(12000)}1${"}".repeat(12000)},"role":"r"}`, "InvalidRole role"],
    ["[".repeat(65536), "UnexpectedToken"],
    [`{"x":${"[".repeat(65000)}`, "UnexpectedEndOfInput"],
    [`{"x":${"9".repeat(60000)},"role":"r"}`, "InvalidRole role"],
    [`{"x":1e${"9".repeat(60000)},"role":"r"}`, "InvalidRole role"],
  ]);
});

test("top-level values", () => {
  const ok = { local_id: 1, peers: [peer()] };
  const routes = (n: number) => Array.from({ length: n }, (_, i) => `10.${i}.0.0/16`);
  check([
    [{ ...ok, psk: "" }, "ok"],
    [{ ...ok, psk: key("b") }, "InvalidPsk psk"],
    [{ ...ok, role: "Hub" }, "InvalidRole role"],
    [{ ...ok, role: "" }, "InvalidRole role"],
    [{ ...ok, virtual_subnet: "" }, "InvalidCidr virtual_subnet"],
    [{ ...ok, virtual_subnet: "10.0.0/33" }, "InvalidCidr virtual_subnet"],
    [{ ...ok, local_tun_ip: "" }, "ok"],
    [{ ...ok, local_tun_ip: "10.0.0.2" }, "InvalidCidr local_tun_ip"],
    [{ ...ok, local_routes: routes(8), remote_routes: [...routes(7), "0.0.0.0/0"] }, "ok"],
    [{ ...ok, local_routes: routes(9) }, "TooManyRoutes local_routes"],
    [{ ...ok, remote_routes: routes(9) }, "TooManyRoutes remote_routes"],
    [{ ...ok, local_routes: ["10.0.0.0/8", "x"] }, "InvalidCidr local_routes[1]"],
    [{ ...ok, remote_routes: ["10.0.0.0"] }, "InvalidCidr remote_routes[0]"],
    [{ ...ok, max_peers: 0 }, "InvalidCapacity max_peers"],
    [{ ...ok, max_peers: 16385 }, "InvalidCapacity max_peers"],
    [{ ...ok, max_rules: 65537 }, "InvalidCapacity max_rules"],
    [{ ...ok, max_peers: 1, max_rules: 65536, policy_file: "/var/lib/x" }, "ok"],
    [{ ...ok, max_peers: 1, peers: [peer(), {}] }, "TooManyPeers peers"],
    [{ ...ok, log: "quiet" }, "ok"],
    [{ ...ok, log: "" }, "InvalidLog log"],
    [{ ...ok, log: "Quiet" }, "InvalidLog log"],
    [{ ...ok, policy_file: "" }, "InvalidPolicyFile policy_file"],
    [{ ...ok, policy_file: "a\u0000b" }, "InvalidPolicyFile policy_file"],
    [{ ...ok, policy_file: "x".repeat(4096) }, "InvalidPolicyFile policy_file"],
  ]);
});

test("a file path is kept as bytes", () => {
  assert.equal(parse({ policy_file: "/a/\u00fc\u{1f600}" }).policyFile, "/a/\xc3\xbc\xf0\x9f\x98\x80");
  assert.equal(parse('{"policy_file":"\\ud83d\\ude00\\n"}').policyFile, "\xf0\x9f\x98\x80\n");
});

test("peer values", () => {
  const one = (more: object) => ({ local_id: 1, peers: [peer(more)] });
  check([
    [one({ psk: key("aBcDeF09").slice(0, 64) }), "ok"],
    [one({ psk: "" }), "InvalidPsk peers[0].psk"],
    [{ peers: [{ endpoint: "1.2.3.4:5" }] }, "InvalidPsk peers[0].psk"],
    [one({ psk: "a".repeat(63) }), "InvalidPsk peers[0].psk"],
    [one({ psk: "a".repeat(65) }), "InvalidPsk peers[0].psk"],
    [one({ psk: `${"a".repeat(63)}g` }), "InvalidPsk peers[0].psk"],
    [one({ psk: ` ${"a".repeat(63)}` }), "InvalidPsk peers[0].psk"],
    [one({ endpoint: "" }), "InvalidEndpoint peers[0].endpoint"],
    [one({ endpoint: "hub.example:18020" }), "InvalidEndpoint peers[0].endpoint"],
    [one({ endpoint: "1.2.3.4:0" }), "InvalidEndpoint peers[0].endpoint"],
    [one({ allowed_src: "" }), "InvalidCidr peers[0].allowed_src"],
    [one({ name: "x".repeat(32) }), "ok"],
    [one({ name: ' ~"\\' }), "ok"],
    [one({ name: "x".repeat(33) }), "InvalidPeerName peers[0].name"],
    [one({ name: "\u00fc" }), "InvalidPeerName peers[0].name"],
    [one({ name: "a\tb" }), "InvalidPeerName peers[0].name"],
    [one({ name: "\u007f" }), "InvalidPeerName peers[0].name"],
  ]);
});

test("an escaped key is the same key", () => {
  const text = JSON.stringify({ peers: [peer()] }).replace(key("a"), `\\u0061${"a".repeat(63)}`);
  assert.deepEqual(parse(text).peers[0]!.psk, new Uint8Array(32).fill(0xaa));
});

test("the first error wins in the order of config.md §4", () => {
  // Each document holds this error and all those after it.
  const wrong: [string, object][] = [
    ["InvalidPsk psk", { psk: "x" }],
    ["InvalidRole role", { role: "x" }],
    ["InvalidCidr virtual_subnet", { virtual_subnet: "x" }],
    ["InvalidCidr local_tun_ip", { local_tun_ip: "x" }],
    ["NoListenPort listen_ports", { listen_ports: [] }],
    ["InvalidPsk peers[0].psk", { peers: [{ psk: "x", endpoint: "x", allowed_src: "x", name: "\n" }] }],
    ["InvalidEndpoint peers[0].endpoint", { peers: [peer({ endpoint: "x", allowed_src: "x", name: "\n" })] }],
    ["InvalidCidr peers[0].allowed_src", { peers: [peer({ allowed_src: "x", name: "\n" })] }],
    ["InvalidPeerName peers[0].name", { peers: [peer({ name: "\n" })] }],
    ["InvalidCidr local_routes[0]", { local_routes: ["x"] }],
    ["InvalidCidr remote_routes[0]", { remote_routes: ["x"] }],
  ];
  for (let i = 0; i < wrong.length; i++) {
    const document = Object.assign(
      {},
      ...wrong
        .slice(i)
        .reverse()
        .map(([, part]) => part),
    );
    assert.equal(outcome(document), wrong[i]![0]);
  }
});

test("sanity checks in the order of config.md §5", () => {
  const two = (a: object, b: object) => [
    peer(a),
    peer({ id: 3, endpoint: "1.1.1.1:1", psk: key("b"), ...b }),
  ];
  check([
    [{}, "InvalidPsk peers"],
    [{ role: "spoke" }, "InvalidPsk peers"],
    [{ local_tun_mtu: 1, peers: [peer({ psk: key("0") })] }, "InvalidPsk peers[0].psk"],
    [{ local_tun_mtu: 1, peers: two({}, { psk: key("A") }) }, "DuplicatePsk peers[1].psk"],
    [{ local_tun_mtu: 67, listen_ports: [1, 1], peers: [peer()] }, "MtuOutOfRange local_tun_mtu"],
    [{ local_tun_mtu: 1501, peers: [peer()] }, "MtuOutOfRange local_tun_mtu"],
    [{ local_tun_mtu: 68, local_id: 1, peers: [peer()] }, "ok"],
    [{ local_tun_mtu: 1500, local_id: 1, peers: [peer()] }, "ok"],
    [{ listen_ports: [1, 1], local_id: 65536, peers: [peer()] }, "DuplicateListenPort listen_ports[0]"],
    [
      { local_id: 65536, role: "hub", peers: [peer({ allowed_src: "0.0.0.0/0" })] },
      "PeerIdOutOfRange local_id",
    ],
    [{ local_id: 1, peers: [peer({ id: 65536 })] }, "PeerIdOutOfRange peers[0].id"],
    [
      { role: "hub", peers: two({ allowed_src: "10.0.0.0/8" }, { allowed_src: "0.0.0.0/0" }) },
      "HubPeerNeedsAllowedSrc peers[1].allowed_src",
    ],
    [
      { role: "hub", peers: two({ allowed_src: "10.0.0.0/8" }, { allowed_src: "10.1.0.0/16" }) },
      "HubAllowedSrcOverlap peers[1].allowed_src",
    ],
    [{ role: "spoke", peers: two({}, {}) }, "SpokeNeedsOneHub peers"],
    [{ role: "spoke", peers: [peer()] }, "SpokeMissingLocal local_tun_ip"],
    [
      { role: "spoke", local_routes: ["10.0.0.0/8", "1.2.3.4/0"], peers: [peer()] },
      "SpokeLocalRouteTooBroad local_routes[1]",
    ],
    [{ role: "spoke", local_id: 1, local_tun_ip: "10.0.0.2/24", peers: [peer()] }, "ok"],
    [{ role: "spoke", local_id: 1, local_routes: ["10.0.0.2/32"], peers: [peer()] }, "ok"],
  ]);
});

test("registry checks in the order of config.md §6", () => {
  const other = { endpoint: "1.1.1.1:1", psk: key("b") };
  check([
    [{ peers: [peer({ id: 0 })] }, "MissingLocalId local_id"],
    [{ local_id: 1, peers: [peer({ id: 0 })] }, "ReservedPeerId peers[0].id"],
    [{ local_id: 2, peers: [peer()] }, "SelfReference peers[0].id"],
    [{ local_id: 1, peers: [peer(), peer(other)] }, "DuplicateId peers[1].id"],
    [{ local_id: 1, peers: [peer(), peer({ id: 3, psk: key("b") })] }, "DuplicateEndpoint peers[1].endpoint"],
    [{ local_id: 1, peers: [peer(), peer({ ...other, id: 3 })] }, "ok"],
    [{ local_id: 65535, peers: [peer({ id: 65534 })] }, "ok"],
  ]);
});

test("the registry wipes every key, also when it fails", () => {
  for (const document of [
    { local_id: 1, peers: [peer()] },
    { local_id: 2, peers: [peer()] },
  ]) {
    const config = parse(document);
    const engine = loadEngine();
    engine.call.setNode(1, 1);
    try {
      buildRegistry(engine, config);
    } catch (error) {
      assert.ok(isSubnetraError(error));
    }
    assert.deepEqual(config.peers[0]!.psk, new Uint8Array(32));
  }
});

test("the examples of config.md §9 pass every check", () => {
  const hub = `{
    "role": "hub", "local_id": 1, "local_tun_mtu": 1400, "listen_ports": [18020, 18023, 18026],
    "virtual_subnet": "10.77.0.0/24", "obfuscate": true,
    "peers": [
      { "id": 2, "name": "north-office", "endpoint": "198.51.100.20:18020", "allowed_src": "10.77.0.2/32",
        "psk": "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef" },
      { "id": 3, "name": "south-lab", "endpoint": "203.0.113.30:18020", "allowed_src": "10.77.0.3/32",
        "psk": "cafebabecafebabecafebabecafebabecafebabecafebabecafebabecafebabe" }
    ] }`;
  check([[hub, "ok"]]);
  const config = parse(hub);
  assert.deepEqual(
    config.peers.map((p) => [p.id, p.name, p.allowedSrcs.map(formatCidr).join(",")]),
    [
      [2, "north-office", "10.77.0.2/32"],
      [3, "south-lab", "10.77.0.3/32"],
    ],
  );
});
