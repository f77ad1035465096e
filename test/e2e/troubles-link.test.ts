// What goes wrong between two nodes: each trouble breaks a real mesh so, and the doctor names the cause. The same check
// passes on the healthy mesh. The doctor runs on Node.js beside daemons of either build.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { newKey } from "../../lab/config.ts";
import { must } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { A_ID, A_OVERLAY, B_OVERLAY, HUB_UNDERLAY_A, PORT } from "../../lab/star.ts";
import { examine, nodejs, troubles } from "../support/e2e/doctor.ts";
import { endToEnd } from "../support/e2e/suite.ts";
import { TroubleMesh, tryPing } from "../support/e2e/trouble-mesh.ts";

endToEnd("Troubles between nodes", () => {
  const mesh = new TroubleMesh("welllink");
  before(() => mesh.start());
  after(() => mesh.close());

  it("a wrong key", () =>
    mesh.broken(
      "key",
      {
        adjust: (name, config) => {
          if (name === "a") config.peers[0]!.psk = newKey();
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        const found = mesh.names(star.hub, "peer.key", /no key opens .*psk/);
        assert.equal(found.peer, A_ID);
        assert.equal(found.level, "fail");
        mesh.names(star.hub, "counter", /psk/, "drop_udp_unknown_peer");
        mesh.compareScreen("wrong-key", star.hub);
      },
    ));

  it("a clock that went back: the hub ignores the node", () =>
    // A static executable cannot be shown another clock, so the node with the wrong one is the Node.js build.
    mesh.broken("clock", { builds: { hub: builds.hub, spokes: nodejs } }, async (star) => {
      await star.startHub();
      await star.b.start();
      await star.a.start({ wrap: ["env", `LD_PRELOAD=${fakeTimeLibrary()}`, "FAKETIME=+30d"] });
      assert.equal(tryPing(star, "a", B_OVERLAY), 2);
      await star.a.restart();
      assert.equal(tryPing(star, "a", B_OVERLAY), 0);
      mesh.names(star.hub, "counter", /clock went back/, "drop_udp_auth_or_invalid");
      // What the node itself would see before a start with such a clock.
      const earlier = examine(star.a, ["faketime", "-f", "-30d"]);
      assert.match(troubles(earlier, "clock.back")[0]?.text ?? "", /clock/);
      await star.a.stop();
      const unset = examine(star.a, ["faketime", "2023-12-31 23:59:00"]);
      assert.match(troubles(unset, "clock.year")[0]?.text ?? "", /2023: .* before 2024/);
      assert.match(
        troubles(unset, "daemon.running")[0]?.text ?? "",
        /does not run.*likely because the clock/,
      );
    }));

  it("a wrong allowed_src", () =>
    mesh.broken(
      "source",
      {
        adjust: (name, config) => {
          if (name === "hub") config.peers[0]!.allowed_src = "10.0.0.22/32";
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        mesh.names(star.hub, "counter", /outside of the peer's allowed_src/, "drop_udp_spoof");
      },
    ));

  it("a wrong port", () =>
    mesh.broken(
      "port",
      {
        adjust: (name, config) => {
          if (name === "a") config.peers[0]!.endpoint = `${HUB_UNDERLAY_A}:${PORT + 1}`;
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        const found = mesh.names(
          star.a,
          "path.port",
          new RegExp(`nobody listens at ${HUB_UNDERLAY_A}:${PORT + 1}`),
        );
        assert.equal(found.level, "fail");
      },
    ));

  it("obfuscation off on one side", () =>
    mesh.broken(
      "obfuscate",
      {
        adjust: (name, config) => {
          if (name === "a") config.obfuscate = false;
        },
      },
      async (star) => {
        await star.start();
        assert.equal(tryPing(star, "a", B_OVERLAY), 0);
        assert.equal(tryPing(star, "b", A_OVERLAY), 0);
        mesh.names(star.hub, "peer.key", /obfuscate must be equal/);
        mesh.names(star.a, "counter", /obfuscate on \(it is off here\)/, "drop_udp_unknown_peer");
      },
    ));
});

/** The library that the faketime command puts in front: the command itself would not pass on a signal. */
function fakeTimeLibrary(): string {
  const library = /^LD_PRELOAD=(.+)$/m.exec(must(["faketime", "-m", "-f", "+0", "env"]))?.[1];
  assert.ok(library, "faketime names no library");
  return library;
}
