// Files of the kind people write, each with exactly what `subnetrad --check` shows for it. Beside each NAME.conf of
// test/support/wrong-files lies NAME.screen; SUBNETRA_SCREENS=write writes the screens anew, to be read before they are kept.

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../../lab/project.ts";
import { startDaemon } from "../../../src/core/daemon.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const FOLDER = join(root, "test/support/wrong-files");
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".conf"))
  .map((name) => name.slice(0, -".conf".length));
const POLICY = "# saved\npolicy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action forward\n";

/** Standard output, standard error and the exit status, as a terminal shows them. */
function check(bytes: Buffer, ...more: string[]) {
  const engine = loadEngine();
  const sys = new FakeSys(engine);
  sys.files["node.json"] = bytes;
  sys.files["saved.policy"] = Buffer.from(POLICY);
  const result = startDaemon({ engine, sys }, ["--check", "--config", "node.json", ...more]);
  assert.ok("exit" in result);
  return { stdout: sys.stdout, stderr: sys.stderr, exit: result.exit };
}

test("there are forty of them", () => assert.ok(NAMES.length >= 40));

for (const name of NAMES) {
  test(`${name}: the screen is the one that was kept`, () => {
    const bytes = readFileSync(join(FOLDER, `${name}.conf`));
    const { stdout, stderr, exit } = check(bytes);
    const screen = `$ subnetrad --check --config node.json\n${stderr}${stdout}exit ${exit}\n`;
    const kept = join(FOLDER, `${name}.screen`);
    if (process.env.SUBNETRA_SCREENS === "write") writeFileSync(kept, screen, "latin1");
    assert.equal(screen, readFileSync(kept, "latin1"));

    if (exit === 0) {
      assert.match(stderr, /^(warning: .*\n)+$/);
      assert.match(stdout, /\[config ok\]\n$/);
      const strict = check(bytes, "--strict");
      assert.equal(strict.exit, 1);
      assert.equal(strict.stdout, "");
      assert.match(strict.stderr, /^(warning: .*\n)+config check failed: \d+ warnings? \(--strict\)\n$/);
    } else {
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /^config (load|sanity check) failed[^\n]*: \w+\n {2}at |^[a-z ]+ failed[^\n]*: \w+\n {2}\S/,
      );
    }
    for (const line of stderr.split("\n")) {
      if (line.startsWith("warning: ")) assert.ok(line.replace(/"[^"]*"/g, "").length <= 80, line);
      assert.doesNotMatch(line, /[0-9a-f]{16}/i);
    }
  });
}

test("a correct hub and a correct spoke give no warning, with notes and $schema in them", () => {
  const key = "5d1c0fa2e9473b867e20b9c4f1863da54b0f9ae7c26d1835e8a4705b93fc621d";
  const peer = { endpoint: "192.0.2.1:18020", psk: key };
  const files = [
    {
      role: "hub",
      local_id: 1,
      peers: [{ ...peer, id: 2, allowed_src: ["10.77.0.2/32", "192.168.2.0/24"] }],
    },
    {
      role: "hub",
      local_id: 1,
      peers: [{ ...peer, id: 2, endpoint: "dynamic", allowed_src: "10.77.0.2/32" }],
    },
    {
      role: "spoke",
      local_id: 2,
      virtual_subnet: "10.77.0.0/24",
      local_tun_ip: "10.77.0.2/24",
      local_routes: ["10.77.0.2/32", "192.168.2.0/24"],
      peers: [{ ...peer, id: 1, allowed_src: "0.0.0.0/0", keepalive_secs: 25 }],
    },
    { local_id: 1, peers: [{ ...peer, id: 2, allowed_src: "10.0.0.0/8" }] },
  ];
  for (const file of files) {
    const text = JSON.stringify({ $schema: "config.schema.json", _note: "x", "// a": 1, ...file });
    for (const more of [[], ["--strict"]]) {
      const { stderr, exit, stdout } = check(Buffer.from(text), ...more);
      assert.equal(stderr, "");
      assert.equal(exit, 0);
      assert.match(stdout, /\[config ok\]\n$/);
    }
  }
});

test("--strict goes with --check, and --path-mtu says what the largest MTU is", () => {
  const engine = loadEngine();
  const sys = new FakeSys(engine);
  assert.deepEqual(startDaemon({ engine, sys }, ["--strict"]), { exit: 1 });
  assert.match(
    sys.stderr,
    /^invalid argument: --strict\n {2}InvalidArgument\n {2}--strict goes with --check; /,
  );
  const bytes = readFileSync(join(FOLDER, "mtu-1500.conf"));
  assert.equal(check(bytes, "--path-mtu", "9000").stderr, "");
  assert.match(check(bytes, "--path-mtu", "1400").stderr, /^warning: local_tun_mtu: 1500 is above 1336/);
});

test("thousands of odd fields cost little, and are counted", () => {
  const key = "5d1c0fa2e9473b867e20b9c4f1863da54b0f9ae7c26d1835e8a4705b93fc621d";
  const odd: { [name: string]: number } = {};
  for (let i = 0; i < 2000; i++) odd[`alowed_srx_${i}`] = i;
  const peers = [{ id: 2, endpoint: "192.0.2.1:1", allowed_src: "10.0.0.1/32", psk: key, ...odd }];
  const { stderr } = check(Buffer.from(JSON.stringify({ local_id: 1, peers })));
  assert.equal(stderr.split("\n").length - 1, 17);
  assert.match(stderr, /warning: 1984 more unknown fields\n/);
});
