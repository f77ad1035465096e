// --up does what the plan says, daemon-cli.md §9: against a kernel that notes what it was told.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bringUp } from "../../../src/core/bring-up.ts";
import { type Config, parseConfig } from "../../../src/core/config/values.ts";
import { networkPlan } from "../../../src/core/network-plan.ts";
import { StartFailure } from "../../../src/core/start-failure.ts";
import * as os from "../../../src/core/sys.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeNetlink } from "../../support/core/fake-netlink.ts";

const PSK = "5a".repeat(32);
const SPOKE = {
  role: "spoke",
  local_id: 2,
  local_tun_mtu: 1400,
  virtual_subnet: "10.77.0.0/24",
  local_tun_ip: "10.77.0.2/24",
  remote_routes: ["10.77.0.0/24", "192.168.2.0/24"],
  peers: [{ id: 1, endpoint: "192.0.2.1:18020", allowed_src: ["10.77.0.0/24", "192.168.2.0/24"], psk: PSK }],
};

const read = (document: object): Config => {
  const bytes = Buffer.from(JSON.stringify(document));
  return parseConfig(bytes, bytes.length);
};

const commandsOf = (config: Config) =>
  networkPlan(config, "linux", "snr0", 1500)
    .split("\n")
    .filter((line) => line.startsWith("ip "));

function kernel(): FakeNetlink {
  return new FakeNetlink(loadEngine());
}

/** The failure that bringing up ends with. */
function failure(sys: FakeNetlink, document: object = SPOKE): string {
  try {
    bringUp({ engine: sys.engine, sys }, read(document), "snr0");
  } catch (error) {
    assert.ok(error instanceof StartFailure);
    assert.equal(sys.inUse, false, "the socket is closed");
    return error.text;
  }
  return assert.fail("it came up");
}

test("the steps done are the commands of the plan, whatever the configuration and the byte order", () => {
  const address = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((bytes) => `10.${bytes.join(".")}`);
  const prefix = fc.tuple(address, fc.constantFrom(0, 8, 16, 22, 24, 30, 32)).map((parts) => parts.join("/"));
  const peer = (id: number) =>
    fc.record({
      id: fc.constant(id),
      endpoint: fc.constant(`192.0.2.${id}:18020`),
      allowed_src: fc.array(prefix, { minLength: 1, maxLength: 4 }),
      psk: fc.constant(id.toString(16).padStart(64, "0")),
    });
  const document = fc.record(
    {
      role: fc.constantFrom("manual", "hub", "spoke"),
      local_id: fc.constant(1),
      local_tun_mtu: fc.integer({ min: 68, max: 1500 }),
      virtual_subnet: prefix,
      local_tun_ip: prefix,
      remote_routes: fc.array(prefix, { maxLength: 4 }),
      peers: fc.oneof(fc.tuple(peer(2)), fc.tuple(peer(2), peer(3))),
    },
    { requiredKeys: ["local_id", "peers"] },
  );
  const machines = [new FakeNetlink(loadEngine(), false), new FakeNetlink(loadEngine(), true)];
  fc.assert(
    fc.property(document, fc.constantFrom(...machines), (value, sys) => {
      sys.commands.length = 0;
      const config = read(value);
      bringUp({ engine: sys.engine, sys }, config, "snr0");
      assert.deepEqual(sys.commands, commandsOf(config));
      assert.equal(sys.inUse, false);
    }),
    { numRuns: 300 },
  );
});

test("what is there already stays: the address, and a route through the same interface", () => {
  const sys = kernel();
  sys.refusals["ip addr add 10.77.0.2/24 dev snr0"] = -os.EEXIST;
  sys.routes.push({ prefix: "192.168.2.0/24", device: "snr0" });
  bringUp({ engine: sys.engine, sys }, read(SPOKE), "snr0");
  assert.deepEqual(sys.commands, ["ip link set snr0 mtu 1400 up"]);
});

test("a big-endian kernel's routes and names are read", () => {
  const sys = new FakeNetlink(loadEngine(), true);
  sys.routes.push({ prefix: "192.168.2.0/24", device: "eth0" });
  assert.match(failure(sys), /192\.168\.2\.0\/24 already leads to the interface eth0/);
});

test("a prefix that leads elsewhere is refused by name, and nothing behind it is done", () => {
  const sys = kernel();
  sys.routes.push({ prefix: "192.168.2.0/24", device: "eth0" });
  const text = failure(sys);
  assert.match(text, /^bring-up failed \(BringUpFailed\) at: ip route add 192\.168\.2\.0\/24 dev snr0/);
  assert.match(text, /192\.168\.2\.0\/24 already leads to the interface eth0/);
  assert.deepEqual(sys.commands, ["ip link set snr0 mtu 1400 up", "ip addr add 10.77.0.2/24 dev snr0"]);
});

test("routes that the kernel would not take for ours do not count", () => {
  const sys = kernel();
  sys.routes.push({ prefix: "192.168.2.0/24", device: "eth0", metric: 100 });
  sys.routes.push({ prefix: "192.168.2.0/24", device: "eth0", table: 100 });
  sys.routes.push({ prefix: "192.168.0.0/16", device: "eth0" });
  bringUp({ engine: sys.engine, sys }, read(SPOKE), "snr0");
  assert.deepEqual(sys.commands, commandsOf(read(SPOKE)));
});

test("a refusal names the step as the command of the plan, and the remedy where there is one", () => {
  const commands = commandsOf(read(SPOKE));
  assert.equal(commands.length, 3);
  for (const [i, command] of commands.entries()) {
    const sys = kernel();
    sys.refusals[command] = -os.EPERM;
    const text = failure(sys);
    assert.equal(text.split("\n")[0], `bring-up failed (BringUpFailed) at: ${command}`);
    assert.match(text, /CAP_NET_ADMIN/);
    assert.deepEqual(sys.commands, commands.slice(0, i));
  }
  const taken = kernel();
  taken.refusals[commands[2]!] = -os.EEXIST;
  assert.match(failure(taken), /another route to the prefix exists/);
});

test("without the device, or without netlink, it fails at the first step", () => {
  const gone = kernel();
  gone.links.delete(7);
  assert.match(failure(gone), /at: ip link set snr0 mtu 1400 up/);
  const without = kernel();
  without.failures.netlinkOpen = -os.EPROTONOSUPPORT;
  assert.match(failure(without), /at: ip link set snr0 mtu 1400 up/);
});
