import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSocket } from "../../../src/core/control/client-socket.ts";
import { type Finished, startDaemon } from "../../../src/core/daemon.ts";
import type { RunningNode } from "../../../src/core/running-node.ts";
import * as os from "../../../src/core/sys.ts";
import { VERSION } from "../../../src/core/version.ts";
import {
  MAX_TUN_PACKETS,
  REGION_TUN_ARENA,
  REGION_TUND,
  TUN_ARENA_LENGTH,
  TUN_READ_OFFLOAD,
  TUND_LENGTH,
  TUND_OFFSET,
} from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeDaemon, FakeSys } from "../../support/core/fake-sys.ts";

const SOCKET = "/run/subnetra/subnetra.sock";
const KEY_A = `${"5d1c0fa2e9473b86".repeat(3)}0123456789abcdef`;
const KEY_B = `${"7e20b9c4f1863da5".repeat(3)}0123456789abcdef`;

const HUB = {
  role: "hub",
  local_id: 1,
  local_tun_mtu: 1400,
  peers: [
    { id: 2, name: "north", endpoint: "198.51.100.20:18020", allowed_src: "10.77.0.2/32", psk: KEY_A },
    { id: 3, endpoint: "203.0.113.30:18020", allowed_src: "10.77.0.3/32", psk: KEY_B },
  ],
};
const SPOKE = {
  role: "spoke",
  local_id: 2,
  local_tun_mtu: 1400,
  virtual_subnet: "10.77.0.0/24",
  local_tun_ip: "10.77.0.2/24",
  peers: [{ id: 1, name: "hub", endpoint: "192.0.2.1:18020", allowed_src: "10.77.0.0/24", psk: KEY_A }],
};

function prepare(config: unknown = HUB) {
  const engine = loadEngine();
  const sys = new FakeSys(engine);
  if (config !== null) sys.files["node.json"] = Buffer.from(JSON.stringify(config));
  const start = (...args: string[]) => startDaemon({ engine, sys }, args);
  return { engine, sys, start, run: () => start("--config", "node.json") };
}

function exitOf(result: Finished | RunningNode): number {
  if ("exit" in result) return result.exit;
  result.stop();
  assert.fail("the daemon started");
}

function running(result: Finished | RunningNode): RunningNode {
  if ("exit" in result) assert.fail("the daemon did not start");
  return result;
}

test("help and version need no configuration and win wherever they stand", () => {
  for (const args of [["--help"], ["--config", "-h"], ["--nonsense", "--help", "--version"]]) {
    const { sys, start } = prepare(null);
    assert.equal(exitOf(start(...args)), 0);
    assert.match(sys.stdout, /^usage: subnetrad /);
    assert.equal(sys.stderr, "");
  }
  const { sys, start } = prepare(null);
  assert.equal(exitOf(start("--check", "-V")), 0);
  assert.equal(sys.stdout, `subnetra v${VERSION}\n`);
});

test("an unknown argument prints its line, an empty line and the usage", () => {
  const { sys, start } = prepare();
  assert.equal(exitOf(start("--config=node.json")), 1);
  assert.match(sys.stderr, /^unknown argument: --config=node\.json\n\nusage: subnetrad /);
  assert.match(sys.stderr, /UnknownArgument/);
});

test("a value flag standing last is refused", () => {
  const { sys, start } = prepare();
  assert.equal(exitOf(start("--check", "--config")), 1);
  assert.match(sys.stderr, /^missing value for argument: --config\n\nusage/);
});

test("--check prints the literal line and touches no device", () => {
  const { sys, start } = prepare();
  assert.equal(exitOf(start("--print-network-plan", "--check", "--config", "node.json")), 0);
  assert.equal(
    sys.stdout,
    `subnetra v${VERSION} (mtu=1400, udp_ports={ 18020, 18023, 18026 }, mode=raw_direct, local_id=1, peers=2) [config ok]\n`,
  );
  assert.equal(sys.stderr, "");
  assert.deepEqual(
    sys.log.filter((entry) => !/^(open|read|close|random) ?/.test(entry)),
    [],
  );
});

test("the first occurrence of a value flag counts", () => {
  const { start } = prepare();
  assert.equal(exitOf(start("--check", "--config", "node.json", "--config", "absent.json")), 0);
});

test("the configuration's path: argument, environment, working directory", () => {
  const absent = prepare(null);
  assert.equal(exitOf(absent.start("--config", "node.json")), 1);
  assert.match(absent.sys.stderr, /^config load failed \(node\.json\): ConfigNotFound\n {2}\S/);

  const named = prepare();
  named.sys.environment.SUBNETRA_CONFIG = "other.json";
  assert.equal(exitOf(named.start()), 1);
  assert.match(named.sys.stderr, /^config load failed \(other\.json\): ConfigNotFound\n/);

  const nothing = prepare(null);
  assert.equal(exitOf(nothing.start()), 1);
  assert.match(nothing.sys.stderr, /^config sanity check failed: InvalidPsk\n {2}at peers: .*config\.json/);

  const long = prepare();
  assert.equal(exitOf(long.start("--config", "x".repeat(4096))), 1);
  assert.match(long.sys.stderr, /^config path invalid: PathTooLong\n/);
});

test("unreadable and oversized files", () => {
  const denied = prepare();
  denied.sys.failures["open:node.json"] = -os.EACCES;
  assert.equal(exitOf(denied.run()), 1);
  assert.match(denied.sys.stderr, /^config load failed \(node\.json\): ConfigOpenFailed\n/);

  const directory = prepare();
  directory.sys.files["node.json"] = null;
  assert.equal(exitOf(directory.run()), 1);
  assert.match(directory.sys.stderr, /^config load failed \(node\.json\): ConfigReadFailed\n/);

  const big = prepare();
  const text = JSON.stringify(HUB);
  big.sys.files["node.json"] = Buffer.from(text + " ".repeat(65537 - text.length));
  assert.equal(exitOf(big.run()), 1);
  assert.match(big.sys.stderr, /^config load failed \(node\.json\): FileTooBig\n/);
  big.sys.files["node.json"] = Buffer.from(text + " ".repeat(65536 - text.length));
  assert.equal(exitOf(big.start("--check", "--config", "node.json")), 0);
});

test("max_peers raises the limit of the file's size", () => {
  const large = prepare();
  const text = JSON.stringify({ ...HUB, max_peers: 100 });
  const limit = 65536 + 100 * 256;
  large.sys.files["node.json"] = Buffer.from(text + " ".repeat(limit - text.length));
  assert.equal(exitOf(large.start("--check", "--config", "node.json")), 0);
  large.sys.files["node.json"] = Buffer.from(text + " ".repeat(limit + 1 - text.length));
  assert.equal(exitOf(large.run()), 1);
  assert.match(large.sys.stderr, /^config load failed \(node\.json\): FileTooBig\n.*the limit is 91136/);
});

test("errors name the place and the remedy, never a key", () => {
  const cases: [unknown, RegExp][] = [
    [
      { ...HUB, peers: [{ ...HUB.peers[0], allowed_src: "10.0.0/33" }] },
      /^config load failed \(node\.json\): InvalidCidr\n {2}at peers\[0\]\.allowed_src: "10\.0\.0\/33" is not A\.B\.C\.D\/P; write for example 10\.0\.0\.0\/24\n$/,
    ],
    [{ ...HUB, local_tun_mtu: 67 }, /^config sanity check failed: MtuOutOfRange\n {2}at local_tun_mtu: 67 /],
    [{ ...HUB, local_id: 0 }, /^peer registry build failed: MissingLocalId\n {2}at local_id: /],
    [
      { ...HUB, peers: [HUB.peers[0], { ...HUB.peers[1], psk: KEY_A }] },
      /^config sanity check failed: DuplicatePsk\n {2}at peers\[1\]\.psk: /,
    ],
    [{ ...HUB, peers: [{ ...HUB.peers[0], endpoint: KEY_B }] }, /InvalidEndpoint\n/],
    [{ ...HUB, peers: [{ ...HUB.peers[0], psk: `${KEY_B}00` }] }, /InvalidPsk\n/],
  ];
  for (const [config, expected] of cases) {
    const { sys, run } = prepare(config);
    assert.equal(exitOf(run()), 1);
    assert.match(sys.stderr, expected);
    assert.doesNotMatch(sys.stderr, /deadbeef|cafebabe/);
  }
});

test("a clock before 2024 stops the start, --check included", () => {
  for (const seconds of [0n, 1704067199n]) {
    const { sys, start } = prepare();
    sys.seconds = seconds;
    assert.equal(exitOf(start("--check", "--config", "node.json")), 1);
    assert.match(sys.stderr, /^boot epoch unavailable \(clock not set\?\): ClockUnavailable\n/);
  }
});

test("the plan: dialects, path MTU, device name", () => {
  const linux = prepare(SPOKE);
  linux.sys.environment.SUBNETRA_TUN = "mesh0";
  assert.equal(exitOf(linux.start("--print-network-plan", "--config", "node.json")), 0);
  assert.match(linux.sys.stdout, /^# subnetra network plan for interface 'mesh0'\n/);
  const macos = prepare(SPOKE);
  const args = ["--print-network-plan", "--dialect", "macos", "--path-mtu", "1420", "--config", "node.json"];
  assert.equal(exitOf(macos.start(...args)), 0);
  assert.match(macos.sys.stdout, /interface 'utunN'[\s\S]*recommended max tunnel MTU for this path: 1356\n/);

  for (const text of ["65536", "-1", "x", "1400.0", ""]) {
    const bad = prepare(SPOKE);
    assert.equal(exitOf(bad.start("--print-network-plan", "--path-mtu", text, "--config", "node.json")), 1);
    assert.ok(
      bad.sys.stderr.startsWith(`invalid --path-mtu value: ${text}\n  InvalidArgument\n`),
      bad.sys.stderr,
    );
  }
  const dialect = prepare(SPOKE);
  assert.equal(exitOf(dialect.start("--print-network-plan", "--dialect", "bsd", "--config", "node.json")), 1);
  assert.match(dialect.sys.stderr, /^invalid --dialect value: bsd\n/);
});

test("a start opens things in order, drops privileges, then prints the ready line", () => {
  const { sys, run } = prepare(SPOKE);
  const node = running(run());
  assert.deepEqual(sys.log.slice(sys.log.indexOf("tunOpen snr0")), [
    "tunOpen snr0",
    "udpOpen 18020",
    "mkdir /run/subnetra",
    `open ${SOCKET}.lock`,
    `unixBind ${SOCKET}`,
    `unlink ${SOCKET}.lock`,
    `close ${SOCKET}.lock`,
    "random",
    "dropPrivileges",
  ]);
  assert.equal(sys.machine.files.get("/run/subnetra")?.mode, 0o755);
  assert.equal(sys.machine.files.get(SOCKET)?.mode, 0o600);
  assert.equal(
    sys.stderr,
    `subnetra v${VERSION} (mtu=1400, udp_ports={ 18020 }, mode=raw_direct, local_id=2, peers=1, obfuscate=true) tun=snr0 sock=/run/subnetra/subnetra.sock [ready]\n`,
  );
  assert.equal(sys.stdout, "");
  assert.equal(node.stop(), 0);
  assert.deepEqual(sys.log.slice(-2), [`unlink ${SOCKET}`, "closeAll"]);
  assert.equal(node.stop(), 0);
  assert.equal(sys.log.filter((entry) => entry === "closeAll").length, 1);
});

test("a removed TUN device ends the daemon with an error", () => {
  const { sys, run } = prepare();
  const node = running(run());
  sys.waits = [0, os.READY_LOST];
  assert.equal(node.turn(), true);
  assert.equal(node.turn(), false);
  assert.equal(node.stop(), 1);
  assert.match(
    sys.stderr,
    /\nreactor exited: TunLost\n {2}the interface was removed .*start the daemon again\n$/,
  );
  assert.deepEqual(sys.log.slice(-2), [`unlink ${SOCKET}`, "closeAll"]);
});

test("peers and rules reach the engine as configured", () => {
  const { sys, run } = prepare();
  const node = running(run());
  const client = ClientSocket.open(sys, SOCKET, true);
  if (!(client instanceof ClientSocket)) assert.fail();
  client.send("status");
  client.send("policy show");
  sys.waits = [os.READY_CONTROL];
  node.turn();
  assert.match(
    client.receive(0)!,
    /\n {2}id=2 name=north endpoint=198\.51\.100\.20:18020 allowed_src=10\.77\.0\.2\/32 last_seen_wall_ns=0\n {2}id=3 endpoint=203\.0\.113\.30:18020 allowed_src=10\.77\.0\.3\/32 last_seen_wall_ns=0\n/,
  );
  assert.equal(
    client.receive(0),
    "policy add --src 0.0.0.0/0 --dst 10.77.0.2/32 --action forward --target 2\n" +
      "policy add --src 0.0.0.0/0 --dst 10.77.0.3/32 --action forward --target 3\n",
  );
  node.stop();
});

test("the status says that the send buffer is small, and what to do", () => {
  for (const [granted, small] of [
    [8388608, false],
    [8388607, true],
    [425984, true],
  ] as const) {
    const { sys, run } = prepare();
    sys.udpBuffer = () => granted;
    const node = running(run());
    const client = ClientSocket.open(sys, SOCKET, true);
    if (!(client instanceof ClientSocket)) assert.fail();
    client.send("status");
    sys.waits = [os.READY_CONTROL];
    node.turn();
    const status = client.receive(0)!;
    assert.equal(/\nwarnings:\n {2}the UDP send buffer is small /.test(status), small, status);
    if (granted === 425984)
      assert.match(status, /\(212992 of 4194304 bytes\): .*net\.core\.wmem_max to 4194304\n$/);
    node.stop();
  }
});

test("a stop request ends the loop and cleans up; other turns go on", () => {
  const { sys, run } = prepare();
  const node = running(run());
  sys.waits = [0, os.READY_YIELD, os.READY_STOP];
  assert.equal(node.turn(), true);
  assert.equal(node.turn(), true);
  assert.equal(node.turn(), false);
  assert.ok(sys.log.includes("closeAll"));
  assert.equal(node.turn(), false);
});

test("every failing step prints its line and closes what was opened", () => {
  const cases: [string, number, RegExp][] = [
    [
      "tunOpen",
      os.failure(os.TUN_OPEN, os.ENOENT),
      /^tun open failed \(FileNotFound\); need CAP_NET_ADMIN and \/dev\/net\/tun\n/,
    ],
    ["tunOpen", os.failure(os.TUN_OPEN, os.EACCES), /^tun open failed \(AccessDenied\)/],
    ["tunOpen", os.failure(os.TUN_OPEN, os.EIO), /^tun open failed \(OpenFailed\)/],
    ["tunOpen", os.failure(os.TUN_IOCTL, os.EPERM), /^tun open failed \(AccessDenied\)/],
    [
      "tunOpen",
      os.failure(os.TUN_IOCTL, os.EBUSY),
      /^tun open failed \(IoctlFailed\).*\n.*another process.*SUBNETRA_TUN/,
    ],
    [
      "udpOpen:18023",
      os.failure(os.UDP_BIND, os.EADDRINUSE),
      /^udp bind failed \(UdpBindFailed\) on port 18023\n/,
    ],
    ["udpOpen", os.failure(os.UDP_SOCKET, os.EACCES), /^udp bind failed \(UdpSocketFailed\) on port 18020\n/],
    [
      "unixOpen",
      -os.EACCES,
      /^control socket bind failed \(SocketFailed\) at \/run\/subnetra\/subnetra\.sock\n/,
    ],
    ["unixBind", -os.EACCES, /^control socket bind failed \(BindFailed\)/],
    [`open:${SOCKET}.lock`, -os.EACCES, /^control socket bind failed \(BindFailed\).*\n.*permission denied/],
    ["dropPrivileges", -os.EPERM, /^capability drop failed: CapDropFailed\n/],
  ];
  for (const [call, result, expected] of cases) {
    const { sys, run } = prepare();
    sys.failures[call] = result;
    assert.equal(exitOf(run()), 1);
    assert.match(sys.stderr, expected);
    assert.doesNotMatch(sys.stderr, /\[ready\]/);
    assert.ok(sys.log.includes("closeAll"));
    // The socket file is removed exactly when this process bound it.
    assert.equal(sys.log.includes(`unlink ${SOCKET}`), call === "dropPrivileges");
    assert.equal(sys.machine.files.get(`${SOCKET}.lock`), undefined);
  }
  const modeless = prepare();
  modeless.sys.socketMode = 0o777;
  assert.equal(exitOf(modeless.run()), 1);
  assert.match(modeless.sys.stderr, /^control socket bind failed \(ChmodFailed\)/);
  assert.equal(modeless.sys.machine.files.get(SOCKET), undefined);
});

test("the random source is needed only by a spoke that sends keepalives", () => {
  const spoke = prepare(SPOKE);
  spoke.sys.failures.random = -os.EIO;
  assert.equal(exitOf(spoke.run()), 1);
  assert.match(spoke.sys.stderr, /EntropyUnavailable/);
  for (const config of [
    { ...SPOKE, keepalive_secs: 0 },
    { ...HUB, keepalive_secs: 20 },
  ]) {
    const { sys, run, engine } = prepare(config);
    sys.failures.random = -os.EIO;
    const node = running(run());
    assert.equal(engine.call.timeout(), -1);
    node.stop();
  }
});

test("the hint for a refused TUN device names what is missing, and only that", () => {
  const cases: [number, RegExp, RegExp][] = [
    [
      os.failure(os.TUN_OPEN, os.EACCES),
      /chmod 666 \/dev\/net\/tun.*udev rule/,
      /give it the capability|run as root/,
    ],
    [os.failure(os.TUN_OPEN, os.EPERM), /device cgroup/, /CAP_NET_ADMIN|chmod/],
    [os.failure(os.TUN_IOCTL, os.EPERM), /lacks CAP_NET_ADMIN/, /chmod|udev/],
  ];
  for (const [result, says, never] of cases) {
    const { sys, run } = prepare();
    sys.failures.tunOpen = result;
    assert.equal(exitOf(run()), 1);
    const [line, hint] = sys.stderr.split("\n");
    assert.equal(line, "tun open failed (AccessDenied); need CAP_NET_ADMIN and /dev/net/tun");
    assert.match(hint!, says);
    assert.doesNotMatch(hint!, never);
  }
});

test("the hint for a refused TUN device's file tells its mode and owner where the system does", () => {
  const hint = (found: boolean): string => {
    const { engine, sys, run } = prepare();
    sys.failures.tunOpen = os.failure(os.TUN_OPEN, os.EACCES);
    const stat = sys.stat.bind(sys);
    sys.stat = (path, offset) => {
      if (path !== "/dev/net/tun" || !found) return stat(path, offset);
      engine.u32[(offset + os.STAT_MODE) >> 2] = 0o60;
      engine.u32[(offset + os.STAT_OWNER) >> 2] = 4294967294;
      return 0;
    };
    assert.equal(exitOf(run()), 1);
    return sys.stderr.split("\n")[1]!;
  };
  assert.match(
    hint(true),
    /the file \/dev\/net\/tun \(mode 0060, owner 4294967294\) may not be opened by user 0,/,
  );
  assert.match(hint(false), /the file \/dev\/net\/tun may not be opened by user 0,/);
});

test("macOS has its own hint, socket path and no directory step", () => {
  const { sys, run } = prepare();
  sys.os = "macos";
  const node = running(run());
  assert.match(sys.stderr, /tun=utun7 sock=\/var\/run\/subnetra\.sock \[ready\]\n$/);
  assert.ok(!sys.log.some((entry) => entry.startsWith("mkdir")));
  node.stop();
  const failing = prepare();
  failing.sys.os = "macos";
  failing.sys.failures.tunOpen = os.failure(os.TUN_OPEN, os.EPERM);
  assert.equal(exitOf(failing.run()), 1);
  assert.match(failing.sys.stderr, /^tun open failed \(AccessDenied\); need root\n/);
});

test("a live daemon and a foreign file are left alone, a stale socket is removed", () => {
  const inTheWay: ((sys: FakeSys) => void)[] = [
    (sys) => new FakeDaemon(sys, SOCKET),
    (sys) => {
      sys.files[SOCKET] = Buffer.from("a file");
    },
    (sys) => {
      new FakeDaemon(sys, SOCKET).die();
      sys.failures.unixConnect = -os.EACCES;
    },
  ];
  for (const put of inTheWay) {
    const { sys, run } = prepare();
    sys.machine.files.mkdir("/run/subnetra");
    put(sys);
    assert.equal(exitOf(run()), 1);
    assert.match(
      sys.stderr,
      /^control socket bind failed \(BindFailed\) at \/run\/subnetra\/subnetra\.sock\n {2}\S/,
    );
    assert.ok(!sys.log.some((entry) => /^(unlink|unixBind)/.test(entry)));
  }
  const stale = prepare();
  stale.sys.machine.files.mkdir("/run/subnetra");
  new FakeDaemon(stale.sys, SOCKET).die();
  running(stale.run()).stop();
  const order = stale.sys.log.filter((entry) => /^(unlink|unixBind)/.test(entry));
  assert.deepEqual(order, [
    `unlink ${SOCKET}`,
    `unixBind ${SOCKET}`,
    `unlink ${SOCKET}.lock`,
    `unlink ${SOCKET}`,
  ]);
});

test("the lock is waited for, and taken again when its holder has removed the file", () => {
  const { sys, run } = prepare();
  let held = 3;
  const lock = sys.lock.bind(sys);
  sys.lock = (fd) => {
    if (held-- > 0) return -os.EAGAIN;
    // Won on a file that is gone by now: it excludes nobody.
    if (held === -1) sys.machine.files.unlink(`${SOCKET}.lock`);
    return lock(fd);
  };
  running(run()).stop();
  assert.equal(sys.milliseconds(), 30);
  assert.equal(sys.log.filter((entry) => entry === `open ${SOCKET}.lock`).length, 5);

  const blocked = prepare();
  blocked.sys.lock = () => -os.EAGAIN;
  assert.equal(exitOf(blocked.run()), 1);
  assert.match(blocked.sys.stderr, /BindFailed.*\n.*another daemon has been starting there for 3 s/);
});

test("a process that restarts leaves the binding to its next image, or hands its socket on", () => {
  const later = prepare();
  later.sys.unixInherited = () => -os.EINPROGRESS;
  later.sys.failures.dropPrivileges = -os.EPERM;
  assert.equal(exitOf(later.run()), 1);
  assert.ok(!later.sys.log.some((entry) => /unixBind|lock|unlink/.test(entry)));

  const { sys, run } = prepare();
  const fd = sys.local.open();
  sys.machine.files.mkdir("/run/subnetra");
  sys.local.bind(fd, SOCKET, 0o600);
  sys.unixInherited = () => fd;
  const node = running(run());
  assert.ok(!sys.log.some((entry) => /unixBind|lock|unlink/.test(entry)));
  node.stop();
  assert.equal(sys.machine.files.get(SOCKET), undefined);
});

test("a turn reads the TUN until the device is empty, and a bounded number of full ones", () => {
  const { sys, run } = prepare();
  const node = running(run());
  const arena = sys.engine.call.region(REGION_TUN_ARENA);
  const table = sys.engine.call.region(REGION_TUND) >> 2;
  for (const [batch, length, calls] of [
    [1, 100, 1],
    [1, TUN_ARENA_LENGTH - TUN_READ_OFFLOAD, 8],
    [MAX_TUN_PACKETS, 0, 8],
  ] as const) {
    sys.engine.u32[table + (TUND_OFFSET >> 2)] = arena;
    sys.engine.u32[table + (TUND_LENGTH >> 2)] = length;
    let called = 0;
    sys.tunReceive = () => {
      called++;
      return batch;
    };
    sys.waits = [os.READY_TUN];
    assert.equal(node.turn(), true);
    assert.equal(called, calls);
  }
  node.stop();
});

test("a socket that another daemon has put in place of ours stays", () => {
  const { sys, run } = prepare();
  const node = running(run());
  sys.machine.files.unlink(SOCKET);
  new FakeDaemon(sys, SOCKET);
  node.stop();
  assert.ok(!sys.log.includes(`unlink ${SOCKET}`));
});

test("the socket path: empty means unset, 101 bytes fit, 102 do not", () => {
  const empty = prepare();
  empty.sys.environment.SUBNETRA_SOCK = "";
  running(empty.run()).stop();
  assert.ok(empty.sys.log.includes(`unixBind ${SOCKET}`));

  const fits = prepare();
  fits.sys.environment.SUBNETRA_SOCK = `/${"s".repeat(100)}`;
  running(fits.run()).stop();

  const long = prepare();
  const path = `/${"s".repeat(101)}`;
  long.sys.environment.SUBNETRA_SOCK = path;
  assert.equal(exitOf(long.run()), 1);
  assert.ok(long.sys.stderr.startsWith(`control socket path too long: ${path}\n  PathTooLong\n`));
  assert.ok(!long.sys.log.includes("tunOpen snr0"));
});

test("a configuration that others may use, or own, is warned of once and used all the same", () => {
  const warnings = (mode: number, owner: number, user: number, ...extra: string[]) => {
    const { sys, start } = prepare();
    sys.machine.files.chmod("node.json", mode, owner);
    sys.userId = () => user;
    const result = start("--config", "node.json", ...extra);
    if ("exit" in result) assert.equal(result.exit, 0);
    else result.stop();
    return sys.stderr.split("\n").filter((line) => line.startsWith("warning: "));
  };
  const readable =
    "warning: node.json has mode 0644 and owner 0: others may read or write its keys; run: chmod 600 node.json";
  const foreign =
    "warning: node.json has mode 0600 and owner 1000: that user may read and change its keys; run: chown 0 node.json";
  for (const extra of [[], ["--check"], ["--print-network-plan"]]) {
    assert.deepEqual(warnings(0o644, 0, 0, ...extra), [readable]);
    assert.deepEqual(warnings(0o600, 1000, 0, ...extra), [foreign]);
    assert.equal(warnings(0o602, 1000, 0, ...extra).length, 2);
    for (const mode of [0o600, 0o400, 0o711]) assert.deepEqual(warnings(mode, 0, 0, ...extra), []);
    // root may read everything anyway, and a user owns what is his.
    assert.deepEqual(warnings(0o600, 0, 1000, ...extra), []);
    assert.deepEqual(warnings(0o600, 1000, 1000, ...extra), []);
  }
  assert.equal(warnings(0o640, 0, 0).length, 1);
  assert.equal(warnings(0o620, 0, 0).length, 1);
});

test("the command in the warning is one a shell runs as it stands", () => {
  const { sys, start } = prepare(null);
  const path = "it's a \x1b[2J.json";
  sys.files[path] = Buffer.from(JSON.stringify(HUB));
  sys.machine.files.chmod(path, 0o666);
  assert.equal(exitOf(start("--check", "--config", path)), 0);
  assert.ok(sys.stderr.endsWith("run: chmod 600 'it'\\''s a ?[2J.json'\n"), sys.stderr);
});

test("a table smaller than the role's rules stops the start", () => {
  const { sys, run } = prepare({ ...HUB, max_rules: 1 });
  assert.equal(exitOf(run()), 1);
  assert.match(sys.stderr, /^initial policy derivation failed: OutOfSpace\n/);
});

test("saved rules are added after the role's, without duplicates", () => {
  const { sys, start, engine } = prepare();
  sys.files["saved.policy"] = Buffer.from(
    [
      "# a comment",
      "",
      "  policy add --src 0.0.0.0/0 --dst 10.77.0.2/32 --action forward --target 2\r",
      "policy add --dst 10.9.0.0/16 --src 0.0.0.0/0",
      "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action drop",
      // What the role made of an earlier configuration: the rules of today decide about these already.
      "policy add --src 0.0.0.0/0 --dst 10.77.0.2/32 --action forward --target 9",
      "policy add --src 0.0.0.0/0 --dst 10.9.7.7/16 --action forward --target 3",
      // Another source is another rule.
      "policy add --src 10.0.0.0/8 --dst 10.9.0.0/16 --action forward --target 3",
    ].join("\n"),
  );
  const node = running(start("--config", "node.json", "--policy", "saved.policy"));
  assert.equal(engine.call.ruleCount(), 4);
  node.stop();
});

test("save writes where policy_file points; what a changed configuration decides about does not come back beside it", () => {
  const save = (prepared: ReturnType<typeof prepare>, ...requests: string[]): string => {
    const { sys } = prepared;
    const node = running(prepared.run());
    const client = ClientSocket.open(sys, SOCKET);
    if (!(client instanceof ClientSocket)) assert.fail();
    for (const request of [...requests, "save"]) client.send(request);
    sys.waits = Array(20).fill(os.READY_CONTROL);
    for (let i = 0; i < 20; i++) node.turn();
    let reply = "";
    for (let next = client.receive(0); next !== null; next = client.receive(0)) reply = next;
    node.stop();
    return reply;
  };
  const first = prepare({ ...HUB, policy_file: "/var/rules" });
  const added = "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action forward --target 3";
  assert.equal(save(first, added), "saved 3 rule(s) to /var/rules\n");
  assert.equal(first.sys.files[`${SOCKET}.policy`], undefined);
  const saved = String(first.sys.files["/var/rules"]);
  assert.match(saved, /--dst 10\.77\.0\.2\/32 --action forward --target 2\n/);

  // The peer behind 10.77.0.2 has another id by now.
  const peers = HUB.peers.map((peer) => (peer.id === 2 ? { ...peer, id: 22 } : peer));
  const second = prepare({ ...HUB, peers, policy_file: "/var/rules" });
  second.sys.files["/var/rules"] = Buffer.from(saved);
  assert.equal(save(second), "saved 3 rule(s) to /var/rules\n");
  const again = String(second.sys.files["/var/rules"]);
  assert.equal(again, saved.replace("--target 2\n", "--target 22\n"));
});

test("saved rules: a bad line, a full table, an unreadable file stop the start; a missing one is a notice", () => {
  const rule = "policy add --src 0.0.0.0/0 --dst 10.9.0.0/16 --action forward --target 3\n";
  const cases: [string, string, RegExp][] = [
    [`${rule}policy show\n`, "UnknownCommand", /line 2: "policy show" is not a rule/],
    [`\n\npolicy add --src 1.2.3.4/5\n`, "MissingArgument", /line 3: /],
    [`policy add --src 1.2.3.4/33 --dst 1.2.3.4/5\n`, "InvalidValue", /line 1: /],
    [`# ${"x".repeat(300000)}`, "InvalidValue", /line 1: the line is too long/],
  ];
  for (const [text, name, detail] of cases) {
    const { sys, run } = prepare({ ...HUB, policy_file: "saved.policy" });
    sys.files["saved.policy"] = Buffer.from(text);
    assert.equal(exitOf(run()), 1, text.slice(0, 40));
    assert.ok(sys.stderr.startsWith(`policy load failed (saved.policy): ${name}\n`), sys.stderr);
    assert.match(sys.stderr, detail);
  }
  const full = prepare({ ...HUB, policy_file: "saved.policy", max_rules: 2 });
  full.sys.files["saved.policy"] = Buffer.from(rule);
  assert.equal(exitOf(full.run()), 1);
  assert.match(full.sys.stderr, /^policy load failed \(saved\.policy\): OutOfSpace\n.*raise max_rules/);

  const denied = prepare({ ...HUB, policy_file: "saved.policy" });
  denied.sys.failures["open:saved.policy"] = -os.EACCES;
  assert.equal(exitOf(denied.run()), 1);
  assert.match(denied.sys.stderr, /PolicyReadFailed/);

  const missing = prepare({ ...HUB, policy_file: "saved.policy" });
  running(missing.run()).stop();
  assert.match(missing.sys.stderr, /^no saved rules at saved\.policy\nsubnetra v/);
});

test("no key is left in engine memory after check, plan, failure or stop", () => {
  const needle = Buffer.from(KEY_A, "hex");
  const holds = (bytes: Uint8Array) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle) ||
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(KEY_A.slice(0, 32));
  for (const end of ["check", "plan", "fail", "stop"]) {
    const { engine, sys, start } = prepare(SPOKE);
    assert.equal(holds(engine.u8), false);
    if (end === "fail") sys.failures.tunOpen = os.failure(os.TUN_OPEN, os.EIO);
    const extra = end === "check" ? ["--check"] : end === "plan" ? ["--print-network-plan"] : [];
    const result = start("--config", "node.json", ...extra);
    if (!("exit" in result)) {
      assert.equal(holds(engine.u8), false, "while running only derived keys are left");
      result.stop();
    }
    assert.equal(holds(engine.u8), false, end);
  }
});
