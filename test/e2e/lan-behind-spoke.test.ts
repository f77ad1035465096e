// The worked example of docs/operations.md, "A LAN behind a spoke", built as it stands there: the configurations and the
// command are read from the document.
//
//   host 10.77.2.20 ── lan0/eth1 10.77.2.1 north 198.51.100.20 ══ hub 192.0.2.1 ══ 203.0.113.30 laptop 10.77.3.1

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import type { NodeConfig } from "../../lab/config.ts";
import { Lab } from "../../lab/lab.ts";
import { MeshNode } from "../../lab/mesh-node.ts";
import { type PingResult, ping } from "../../lab/ping.ts";
import { builds, root } from "../../lab/project.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const document = readFileSync(join(root, "docs/operations.md"), "utf8");
const section = /## A LAN behind a spoke\n([\s\S]*?)\n## /.exec(document)?.[1] ?? "";
const blocks = (kind: string) =>
  [...section.matchAll(new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``, "g"))].map((m) => m[1]!);
const [hubConfig, northConfig, laptopConfig] = blocks("json").map((text) => JSON.parse(text) as NodeConfig);
const commands = blocks("sh").join("").trim().split("\n");

endToEnd("A LAN behind a spoke", () => {
  let lab: Lab;
  let nodes: { hub: MeshNode; north: MeshNode; laptop: MeshNode };
  const try3 = (from: string, to: string): PingResult =>
    ping(lab, from, to, { count: 3, intervalSeconds: 0.2, waitSeconds: 1 });

  before(async () => {
    assert.ok(hubConfig && northConfig && laptopConfig, "the document has three configurations");
    lab = new Lab("lan");
    for (const name of ["hub", "north", "laptop", "host"]) lab.addNamespace(name);
    lab.connect(
      { ns: "north", dev: "u0", ip: "198.51.100.20/24" },
      { ns: "hub", dev: "ua", ip: "198.51.100.1/24" },
    );
    lab.connect(
      { ns: "laptop", dev: "u0", ip: "203.0.113.30/24" },
      { ns: "hub", dev: "ub", ip: "203.0.113.1/24" },
    );
    lab.connect(
      { ns: "north", dev: "eth1", ip: "10.77.2.1/24" },
      { ns: "host", dev: "lan0", ip: "10.77.2.20/24" },
    );
    lab.ip("hub", "addr add 192.0.2.1/32 dev lo");
    lab.ip("north", "route add 192.0.2.1 via 198.51.100.1");
    lab.ip("laptop", "route add 192.0.2.1 via 203.0.113.1");
    lab.ip("host", "route add 10.77.0.0/16 via 10.77.2.1");
    // A fresh namespace takes its setting from its maker's.
    lab.sysctl("north", "net.ipv4.ip_forward=0");
    nodes = {
      hub: new MeshNode(lab, "hub", builds.hub, hubConfig),
      north: new MeshNode(lab, "north", builds.spokes, northConfig),
      laptop: new MeshNode(lab, "laptop", builds.spokes, laptopConfig),
    };
    await nodes.hub.start();
    await nodes.north.start();
    await nodes.laptop.start();
    // The hub learns a spoke's address when it first calls.
    try3("laptop", "10.77.2.254");
  });
  after(() => lab?.close());

  it("the spokes reach each other", () => {
    assert.equal(try3("laptop", "10.77.2.254").received, 3);
    assert.equal(try3("north", "10.77.3.1").received, 3);
  });

  it("the LAN is out of reach before north forwards, and in reach afterwards, both ways", () => {
    assert.equal(try3("host", "10.77.3.1").received, 0);
    for (const command of commands) {
      const result = lab.exec("north", command.split(" "));
      assert.equal(result.status, 0, result.stderr);
    }
    assert.equal(try3("host", "10.77.3.1").received, 3);
    assert.equal(try3("laptop", "10.77.2.20").received, 3);
    assert.equal(nodes.hub.counter("drop_udp_spoof"), 0);
  });
});
