// config-gen --inventory: what a mesh becomes, and how a wrong inventory is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCidr } from "../../../src/core/cidr.ts";
import { ToolFailure } from "../../../src/core/tools/arguments.ts";
import { readInventory } from "../../../src/core/tools/inventory.ts";
import { meshFiles } from "../../../src/core/tools/mesh-files.ts";
import { planMesh } from "../../../src/core/tools/mesh-plan.ts";

function plan(document: unknown) {
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return planMesh(readInventory(bytes, bytes.length));
}

/** The files of a mesh; key k is made of the digit k. */
function files(document: unknown): Map<string, string> {
  let k = 0;
  const made = meshFiles(plan(document), () => String(++k % 10).repeat(64));
  return new Map(made.map(({ name, text }) => [name, text]));
}

const MESH = {
  subnet: "10.77.0.0/24",
  mtu: 1380,
  port: 18021,
  hub: { name: "office", public: "203.0.113.7", lans: ["192.168.10.0/24"] },
  spokes: [
    { name: "berlin", lans: ["192.168.2.0/24", "172.16.4.0/22"] },
    { name: "laptop", address: "10.77.0.9", id: 40, port: 19000 },
    { name: "lab", public: "192.0.2.1:5000" },
  ],
};

test("a mesh becomes files that fit each other", () => {
  const made = files(MESH);
  const names = ["office.json", "office.policy", "berlin.json", "laptop.json", "lab.json", "CHECKLIST.txt"];
  assert.deepEqual([...made.keys()], names);
  const json = (name: string) => JSON.parse(made.get(`${name}.json`)!);
  const psk = (digit: number) => String(digit).repeat(64);
  const mesh = { local_tun_mtu: 1380, listen_port: 18021, virtual_subnet: "10.77.0.0/24" };
  assert.deepEqual(json("office"), {
    role: "hub",
    local_id: 1,
    ...mesh,
    local_tun_ip: "10.77.0.1/24",
    policy_file: "/var/lib/subnetra/rules.policy",
    peers: [
      {
        id: 2,
        name: "berlin",
        // Where nobody is: the hub learns the real address.
        endpoint: "192.0.2.1:18021",
        allowed_src: ["10.77.0.2/32", "192.168.2.0/24", "172.16.4.0/22"],
        psk: psk(1),
      },
      { id: 40, name: "laptop", endpoint: "192.0.2.1:19000", allowed_src: "10.77.0.9/32", psk: psk(2) },
      { id: 3, name: "lab", endpoint: "192.0.2.1:5000", allowed_src: "10.77.0.3/32", psk: psk(3) },
    ],
  });
  assert.deepEqual(json("berlin"), {
    role: "spoke",
    local_id: 2,
    ...mesh,
    local_tun_ip: "10.77.0.2/24",
    local_routes: ["10.77.0.2/32", "192.168.2.0/24", "172.16.4.0/22"],
    remote_routes: ["10.77.0.0/24", "192.168.10.0/24"],
    peers: [
      {
        id: 1,
        name: "office",
        endpoint: "203.0.113.7:18021",
        allowed_src: ["10.77.0.0/24", "192.168.10.0/24"],
        psk: psk(1),
      },
    ],
  });
  assert.equal(json("laptop").listen_port, 19000);
  assert.deepEqual(json("laptop").remote_routes, [
    "10.77.0.0/24",
    "192.168.10.0/24",
    "192.168.2.0/24",
    "172.16.4.0/22",
  ]);
  assert.equal(json("laptop").local_routes, undefined);
  assert.equal(
    made.get("office.policy"),
    "policy add --src 0.0.0.0/0 --dst 10.77.0.1/32 --action forward --target 0\n" +
      "policy add --src 0.0.0.0/0 --dst 192.168.10.0/24 --action forward --target 0\n",
  );
  const checklist = made.get("CHECKLIST.txt")!;
  assert.match(checklist, / scp office\.json root@203\.0\.113\.7:\/etc\/subnetra\/config\.json\n/);
  for (const line of checklist.split("\n")) assert.ok(line.length <= 80, line);
  assert.doesNotMatch(checklist, /1{64}/);
});

test("a small mesh needs nothing that the original does not read, and endpoints never collide", () => {
  const taken = { name: "b", public: "192.0.2.1:18020" };
  const made = files({ subnet: "10.0.0.0/24", obfuscate: false, hub: {}, spokes: [{ name: "a" }, taken] });
  const hub = JSON.parse(made.get("hub.json")!);
  assert.equal(hub.obfuscate, false);
  assert.deepEqual(
    hub.peers.map((peer: { endpoint: string }) => peer.endpoint),
    ["192.0.2.2:18020", "192.0.2.1:18020"],
  );
  const spoke = JSON.parse(made.get("a.json")!);
  assert.equal(spoke.peers[0].endpoint, "REPLACE_HUB_IP:18020");
  assert.equal(spoke.peers[0].allowed_src, "10.0.0.0/24");
  assert.match(made.get("CHECKLIST.txt")!, /\[ \] Replace REPLACE_HUB_IP/);
});

const HUB = { public: "203.0.113.7" };
const mesh = (rest: object) => ({ subnet: "10.77.0.0/24", hub: HUB, spokes: [{ name: "a" }], ...rest });
const spoke = (...nodes: object[]) => mesh({ spokes: [{ name: "a" }, ...nodes] });

test("what is wrong is named by its path, with the remedy", () => {
  const cases: [unknown, string][] = [
    ["", "line 1, column 1: the document ends here"],
    ["[]", "line 1, column 1: the value has the wrong type"],
    ["{", ""],
    [{}, "subnet: is missing"],
    [{ subnet: "10.77.0.0/24" }, "hub: is missing"],
    [{ subnet: "10.77.0.0/24", hub: HUB }, "spokes: is missing"],
    [mesh({ spokes: [] }), "spokes: must have 1 to 1000 nodes"],
    [mesh({ subnet: "10.77.0.5/24" }), "subnet: 10.77.0.5/24 is an address in a network; write 10.77.0.0/24"],
    [mesh({ subnet: "10.77.0.0/31" }), "subnet: 10.77.0.0/31 must have a prefix length of 8 to 30"],
    [mesh({ subnet: 7 }), "subnet: line 1, column 11: the value has the wrong type"],
    [mesh({ mtu: 1501 }), "mtu: must be 68 to 1500"],
    [mesh({ port: 0 }), "port: must be 1 to 65535"],
    [
      mesh({ prot: 1 }),
      'the field "prot" is not known; the fields are subnet, mtu, port, obfuscate, hub, spokes',
    ],
    [mesh({ hub: { public: "hub.example.org" } }), 'hub.public: "hub.example.org" must be A.B.C.D'],
    [mesh({ hub: { public: "203.0.113.7:0" } }), "hub.public: "],
    [mesh({ hub: { public: "10.77.0.1" } }), "hub.public: 10.77.0.1 lies in the overlay network"],
    [mesh({ hub: { policy_file: "rules" } }), "hub.policy_file: must be an absolute path"],
    [mesh({ hub: { policy_file: '/a"b' } }), "hub.policy_file: must be an absolute path"],
    [spoke({}), "spokes[1].name: is missing"],
    [spoke({ name: "A" }), 'spokes[1].name: the name "A" is that of spokes[0].name already'],
    [spoke({ name: "../x" }), "spokes[1].name: "],
    [spoke({ name: "a b" }), "spokes[1].name: "],
    [spoke({ name: "x".repeat(33) }), "spokes[1].name: "],
    [spoke({ name: 'b"' }), "spokes[1].name: "],
    [spoke({ name: "b", id: 0 }), "spokes[1].id: must be 1 to 65535"],
    [spoke({ name: "b", id: 65536 }), "spokes[1].id: must be 1 to 65535"],
    [
      spoke({ name: "b", id: 7 }, { name: "c", id: 7 }),
      "spokes[2].id: the id 7 is that of spokes[1].id already",
    ],
    [
      spoke({ name: "b", id: 300 }),
      "spokes[1].address: is missing, and id 300 is beyond the subnet's 10.77.0.1 to 10.77.0.254",
    ],
    [
      spoke({ name: "b", address: "10.77.0.255" }),
      "spokes[1].address: 10.77.0.255 is not one of 10.77.0.1 to",
    ],
    [
      spoke({ name: "b", address: "10.77.0.2" }),
      "spokes[1].address: the address 10.77.0.2 is that of spokes[0].address already",
    ],
    [spoke({ name: "b", lan: [] }), 'spokes[1]: the field "lan" is not known'],
    [spoke({ name: "b", lans: "10.0.0.0/8" }), "spokes[1].lans: line 1, column "],
    [
      spoke({ name: "b", lans: ["10.77.0.0/25"] }),
      "spokes[1].lans[0]: 10.77.0.0/25 overlaps the overlay network",
    ],
    [
      spoke({ name: "b", lans: ["192.168.1.1/24"] }),
      "spokes[1].lans[0]: 192.168.1.1/24 is an address in a network",
    ],
    [spoke({ name: "b", lans: ["0.0.0.0/0"] }), "spokes[1].lans[0]: 0.0.0.0/0 covers every address"],
    [
      spoke({ name: "b", lans: ["192.168.0.0/24", "192.168.0.0/16"] }),
      "spokes[1].lans[1]: 192.168.0.0/16 overlaps 192.168.0.0/24 of spokes[1].lans[0]",
    ],
    [
      spoke({ name: "b", lans: Array.from({ length: 8 }, (_, i) => `192.168.${i}.0/24`) }),
      "spokes[1].lans[7]: is LAN number 8; a mesh has room for 7",
    ],
    ['{"subnet":"10.0.0.0/8","subnet":"10.0.0.0/8"}', "subnet: is given twice"],
  ];
  for (const [document, start] of cases) {
    let failure: unknown;
    try {
      plan(document);
    } catch (error) {
      failure = error;
    }
    assert.ok(failure instanceof ToolFailure, JSON.stringify(document));
    assert.ok(failure.text.startsWith(`inventory: ${start}`), `${failure.text}\nwanted ${start}`);
  }
});

test("whatever the inventory, there is a mesh of distinct nodes or a complaint", () => {
  const often = <T>(usual: T[], odd: T[]) =>
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...usual) },
      { weight: 1, arbitrary: fc.constantFrom(...odd) },
    );
  const address = often(["10.77.0.3", "10.77.0.77", "10.77.0.78"], ["10.77.0.255", "1.2.3", "203.0.113.7"]);
  const outside = often(
    ["203.0.113.7", "192.0.2.1:18020", "192.0.2.2"],
    ["10.77.0.1", "x:1", "203.0.113.7:0"],
  );
  const net = often(
    ["192.168.1.0/24", "192.168.2.0/24", "172.16.0.0/12"],
    ["192.168.0.0/16", "10.77.0.0/16", "x"],
  );
  const node = fc.record(
    {
      name: often(["a", "b", "c", "d", "e", "f"], ["Hub", "-", ""]),
      id: fc.integer({ min: 0, max: 50 }),
      address,
      port: often([1, 18020], [0, 65536]),
      public: outside,
      lans: fc.array(net, { maxLength: 2 }),
    },
    { requiredKeys: ["name"] },
  );
  const document = fc.record(
    {
      subnet: often(["10.77.0.0/24"], ["10.77.0.0/30"]),
      hub: fc.record({ public: outside, lans: fc.array(net, { maxLength: 1 }) }, { requiredKeys: [] }),
      spokes: fc.array(node, { maxLength: 3 }),
    },
    { requiredKeys: ["subnet", "hub", "spokes"] },
  );
  let made = 0;
  fc.assert(
    fc.property(document, (value) => {
      let result: Map<string, string>;
      try {
        result = files(value);
      } catch (error) {
        if (error instanceof ToolFailure) return;
        throw error;
      }
      made++;
      assert.equal(result.size, value.spokes.length + 3);
      const nodes = [...result]
        .filter(([name]) => name.endsWith(".json"))
        .map(([, text]) => JSON.parse(text));
      for (const field of ["local_id", "local_tun_ip"])
        assert.equal(new Set(nodes.map((each) => each[field])).size, nodes.length);
      assert.equal(
        new Set(nodes[0].peers.map((peer: { endpoint: string }) => peer.endpoint)).size,
        nodes.length - 1,
      );
      for (const each of nodes.slice(1)) {
        const own = nodes[0].peers.find((peer: { id: number }) => peer.id === each.local_id);
        assert.equal(own.psk, each.peers[0].psk);
        for (const prefix of each.local_routes ?? [])
          assert.ok(parseCidr(prefix) && own.allowed_src.includes(prefix));
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(made > 100, `only ${made} meshes were made`);
});
