// Monitors read the status of both builds alike: the same keys in the same order, the same text but for its numbers.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type NodeConfig, newKey } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import { chooseBuilds } from "../../lab/project.ts";
import { skipUnless, skipWithout, tiny } from "../support/tiny/tiny.ts";

const config: NodeConfig = {
  role: "hub",
  local_id: 1,
  listen_ports: [51820, 51821],
  peers: [
    {
      id: 2,
      name: 'a "quoted\\" name',
      endpoint: "198.51.100.2:18020",
      allowed_src: "10.77.0.2/32",
      psk: newKey(),
    },
    { id: 65535, endpoint: "198.51.100.3:18020", allowed_src: "10.77.1.0/24", psk: newKey() },
  ],
};

/** Keys in the order they stand in the text, at every level. (JSON.parse keeps the order of such keys.) */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (value === null || typeof value !== "object") return typeof value;
  return Object.entries(value).map(([key, inner]) => [key, keysOf(inner)]);
}

describe("Status of both builds", { skip: skipWithout("amd64") || skipUnless("ip") }, () => {
  let lab: Lab;
  const nodes: MeshNode[] = [];

  before(async () => {
    lab = new Lab("tinystatus");
    for (const [name, choice] of [
      ["nodejs", "nodejs"],
      ["tiny", tiny],
    ] as const) {
      lab.addNamespace(name);
      const node = new MeshNode(lab, name, chooseBuilds(choice).hub, config);
      nodes.push(node);
      await node.start();
    }
  });
  after(() => lab?.close());

  it("JSON: the same keys in the same order, and the same values of an idle node", () => {
    const [node, here] = nodes.map((each) => each.ask("status", "--json"));
    assert.deepEqual(keysOf(JSON.parse(here!)), keysOf(JSON.parse(node!)));
    // What the kernel sends into a new interface is counted, and differs, as does the time since each was ready.
    const still = (text: string) => text.replace(/("(?:tun_rx|drop_tun|uptime)\w+":)\d+/g, "$1N");
    assert.equal(still(here!), still(node!));
  });

  it("text: the same but for the numbers", () => {
    const [node, here] = nodes.map((each) => each.ask("status").replace(/=\d+/g, "=N"));
    assert.equal(here, node);
  });

  it("policy: the same table, and the same answer to a saved one", () => {
    const [node, here] = nodes.map((each) => each.ask("policy", "show"));
    assert.equal(here, node);
    const saved = nodes.map((each) => each.ask("save").replace(each.socketPath, "SOCKET"));
    assert.deepEqual(saved, ["saved 2 rule(s) to SOCKET.policy\n", "saved 2 rule(s) to SOCKET.policy\n"]);
  });
});
