import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../src/core/config/values.ts";
import { networkPlan } from "../../../src/core/network-plan.ts";
import type { Dialect } from "../../../src/core/network-steps.ts";

const SPOKE = {
  role: "spoke",
  local_id: 2,
  local_tun_mtu: 1400,
  virtual_subnet: "10.77.0.0/24",
  local_tun_ip: "10.77.0.2/24",
  local_routes: ["10.77.0.2/32"],
  peers: [
    {
      id: 1,
      name: "hub",
      endpoint: "192.0.2.1:18020",
      allowed_src: "10.77.0.0/24",
      psk: "deadbeef".repeat(8),
    },
  ],
};
const PEER = SPOKE.peers[0]!;

/** The plan as text. */
function plan(document: object, dialect: Dialect, pathMtu = 1500): string {
  const bytes = Buffer.from(JSON.stringify(document));
  const device = dialect === "linux" ? "snr0" : "utunN";
  return Buffer.from(
    networkPlan(parseConfig(bytes, bytes.length), dialect, device, pathMtu),
    "latin1",
  ).toString();
}

const LINUX = `# subnetra network plan for interface 'snr0'
# underlay path MTU assumed: 1500 (override with --path-mtu N)
# tunnel overhead: 64 bytes (wire header 20 + AEAD tag 16 + outer IPv4/UDP 28)
# recommended max tunnel MTU for this path: 1436

ip link set snr0 mtu 1400 up
ip addr add 10.77.0.2/24 dev snr0
# routes to remote subnets reachable via the tunnel:
# (10.77.0.0/24 comes with the address)

# optional: clamp TCP MSS to the tunnel path (avoids PMTU blackholes):
#   nft add rule inet filter forward tcp flags syn tcp option maxseg size set rt mtu
#   (iptables equivalent: iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN \\
#      -j TCPMSS --clamp-mss-to-pmtu)
`;

const MACOS = `# subnetra network plan for interface 'utunN'
# underlay path MTU assumed: 1500 (override with --path-mtu N)
# tunnel overhead: 64 bytes (wire header 20 + AEAD tag 16 + outer IPv4/UDP 28)
# recommended max tunnel MTU for this path: 1436

ifconfig utunN inet 10.77.0.2 10.77.0.2 mtu 1400 up
# routes to remote subnets reachable via the tunnel:
route add -net 10.77.0.0/24 -interface utunN

# optional: clamp TCP MSS to the tunnel path (avoids PMTU blackholes):
#   pf: add to /etc/pf.conf, then \`pfctl -f /etc/pf.conf\`:
#     scrub out on utunN max-mss 1360
`;

test("the literal plans of daemon-cli.md §5", () => {
  assert.equal(plan(SPOKE, "linux"), LINUX);
  assert.equal(plan(SPOKE, "macos"), MACOS);
});

test("a too large MTU adds two warning lines after the recommendation", () => {
  const warning = `# recommended max tunnel MTU for this path: 1436
# WARNING: configured local_tun_mtu 1452 exceeds the recommended max 1436;
#          packets larger than 1436 bytes may fragment or be silently dropped.
`;
  for (const [dialect, text] of [
    ["linux", LINUX],
    ["macos", MACOS],
  ] as const) {
    const expected = text
      .replace("# recommended max tunnel MTU for this path: 1436\n", warning)
      .replace("mtu 1400 up", "mtu 1452 up")
      .replace("max-mss 1360", "max-mss 1412");
    assert.equal(plan({ ...SPOKE, local_tun_mtu: 1452 }, dialect), expected);
  }
});

test("the recommendation follows the path MTU and never goes below 0", () => {
  for (const [path, recommended] of [
    [1420, 1356],
    [1500, 1436],
    [65, 1],
    [64, 0],
    [10, 0],
    [0, 0],
    [65535, 65471],
  ]) {
    const text = plan(SPOKE, "linux", path);
    assert.ok(text.includes(`# underlay path MTU assumed: ${path} (override`));
    assert.ok(text.includes(`\n# recommended max tunnel MTU for this path: ${recommended}\n`));
    assert.equal(text.includes("WARNING"), 1400 > recommended!);
  }
  const { local_tun_mtu: _, ...byDefault } = SPOKE;
  assert.ok(!plan(byDefault, "linux").includes("WARNING"));
});

test("without local_tun_ip the address step is a comment", () => {
  const unset = { ...SPOKE, local_tun_ip: "" };
  assert.equal(
    plan(unset, "linux"),
    LINUX.replace(
      "ip addr add 10.77.0.2/24 dev snr0\n",
      "# set the local TUN address (config 'local_tun_ip' is unset):\n#   ip addr add <A.B.C.D/prefix> dev snr0\n",
    ).replace("# (10.77.0.0/24 comes with the address)", "ip route add 10.77.0.0/24 dev snr0"),
  );
  assert.equal(
    plan(unset, "macos"),
    MACOS.replace(
      "ifconfig utunN inet 10.77.0.2 10.77.0.2 mtu 1400 up\n",
      "# set the local TUN address (config 'local_tun_ip' is unset):\n#   ifconfig utunN inet <A.B.C.D> <A.B.C.D> mtu 1400 up\n",
    ),
  );
});

test("a peer without a specific prefix gives a comment", () => {
  const any = { ...SPOKE, role: "manual", peers: [{ ...PEER, id: 2, allowed_src: "0.0.0.0/0" }] };
  const comment = "# (peer id 2: allowed_src is 0.0.0.0/0 \u2014 no route emitted; set a specific prefix)\n";
  assert.equal(
    plan(any, "linux"),
    LINUX.replace(
      "# (10.77.0.0/24 comes with the address)\n",
      `${comment}# (no specific remote subnets configured)\n`,
    ),
  );
  const mixed = {
    ...any,
    peers: [
      ...any.peers,
      { ...PEER, id: 3, endpoint: "1.1.1.1:1", allowed_src: "192.168.9.77/20", psk: "a".repeat(64) },
    ],
  };
  assert.equal(
    plan(mixed, "macos"),
    MACOS.replace(
      "route add -net 10.77.0.0/24 -interface utunN\n",
      `${comment}route add -net 192.168.0.0/20 -interface utunN\n`,
    ),
  );
});

test("macOS output holds no Linux command", () => {
  const text = plan({ ...SPOKE, local_tun_ip: "" }, "macos");
  for (const word of ["ip link", "ip route", " dev "]) assert.ok(!text.includes(word), word);
});

test("the plan has no length limit", () => {
  const peers = Array.from({ length: 500 }, (_, i) => ({
    ...PEER,
    id: i + 3,
    allowed_src: `10.${i >> 8}.${i & 255}.0/24`,
  }));
  const text = plan({ ...SPOKE, peers }, "linux");
  assert.equal(text.match(/^ip route add /gm)!.length, 500);
});

/** The lines of a plan that do something. */
const commands = (text: string): string[] =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

test("a spoke's routes are also what its rules send to the hub, each once", () => {
  const peers = [{ ...PEER, allowed_src: "10.77.0.0/24" }];
  const remote = { ...SPOKE, peers, remote_routes: ["192.168.8.0/24", "10.77.0.99/24", "0.0.0.0/0"] };
  assert.deepEqual(commands(plan(remote, "linux")).slice(2), ["ip route add 192.168.8.0/24 dev snr0"]);
  assert.deepEqual(commands(plan(remote, "macos")).slice(1), [
    "route add -net 10.77.0.0/24 -interface utunN",
    "route add -net 192.168.8.0/24 -interface utunN",
  ]);
  const wide = { ...SPOKE, peers, virtual_subnet: "10.77.0.0/16" };
  assert.deepEqual(commands(plan(wide, "linux")).slice(2), ["ip route add 10.77.0.0/16 dev snr0"]);
  // The default virtual_subnet, 10.0.0.0/24, is not where this node lives.
  const { virtual_subnet: _, ...unset } = SPOKE;
  assert.deepEqual(commands(plan(unset, "linux")).slice(2), []);
  assert.deepEqual(commands(plan({ ...SPOKE, virtual_subnet: "0.0.0.0/0" }, "linux")).slice(2), []);
  // A hub routes by its peers alone.
  const hub = { ...wide, role: "hub", remote_routes: ["192.168.8.0/24"] };
  assert.deepEqual(commands(plan(hub, "linux")).slice(2), []);
});
