// No thread of a running daemon holds a capability (daemon-cli.md §4), however it was started.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Daemon, finished, spokeConfig, subnetra } from "../support/platform/daemon.ts";
import { needsTun } from "../support/platform/requirements.ts";

const NONE = "0000000000000000";
const SETS = ["CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs"];
const CAP_SETPCAP = 1n << 8n;
const NOBODY = 65534;
const NET_ADMIN = "-all,+net_admin";

/** A device file that everybody may open, seen by the daemon alone: the machine's own may be root's. */
const OPEN_DEVICE = [
  "unshare",
  "--mount",
  "sh",
  "-ec",
  `mount -t tmpfs tun /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$@"`,
  "sh",
];
/** As above, but root's. */
const CLOSED_DEVICE = OPEN_DEVICE.map((word) => word.replace("-m 666", "-m 600"));

/** Why no device file can be made here, or false. */
function cannotMakeDevice(): string | false {
  const [command, ...args] = [...OPEN_DEVICE, "cat", "/dev/null"];
  const made = spawnSync(command!, args, { encoding: "utf8" });
  return made.status === 0 ? false : `no device file can be made here: ${made.stderr.trim()}`;
}

const NOBODY_WITH_NET_ADMIN = [
  "setpriv",
  `--reuid=${NOBODY}`,
  "--clear-groups",
  `--inh-caps=${NET_ADMIN}`,
  `--ambient-caps=${NET_ADMIN}`,
];

const STARTS = [
  { name: "root with every capability of this machine", prefix: [] },
  { name: "a bounding set of CAP_NET_ADMIN", prefix: ["setpriv", `--bounding-set=${NET_ADMIN}`] },
  {
    name: "a bounding and an ambient set of CAP_NET_ADMIN (systemd)",
    prefix: [
      "setpriv",
      `--bounding-set=${NET_ADMIN}`,
      `--inh-caps=${NET_ADMIN}`,
      `--ambient-caps=${NET_ADMIN}`,
    ],
  },
  {
    name: "an ordinary user with CAP_NET_ADMIN",
    owner: NOBODY,
    device: true,
    prefix: [...OPEN_DEVICE, ...NOBODY_WITH_NET_ADMIN],
  },
];

function assertUnprivileged(daemon: Daemon): void {
  const threads = daemon.threads(SETS);
  assert.ok(threads.length > 1, "Node has helper threads");
  for (const thread of threads) assert.equal(thread, `${NONE} ${NONE} ${NONE} ${NONE} 1`);
}

async function withDaemon(daemon: Daemon, run: () => unknown): Promise<void> {
  try {
    await daemon.ready();
    await run();
  } finally {
    await daemon.dispose();
  }
}

describe("privileges", { skip: needsTun }, () => {
  for (const { name, device = false, ...options } of STARTS) {
    test(`no thread has a capability, started with ${name}`, async (t) => {
      const reason = device && cannotMakeDevice();
      if (reason && process.env.CI !== "true") return t.skip(reason);
      const daemon = new Daemon(spokeConfig(), options);
      await withDaemon(daemon, async () => {
        assertUnprivileged(daemon);
        const status = await finished(daemon.inside([process.execPath, subnetra, "status"]));
        assert.match(status.out, /tun=snr0 peers=1/);
      });
    });
  }

  test("a user with CAP_NET_ADMIN is told of the device's mode, not of the capability", async (t) => {
    const reason = cannotMakeDevice();
    if (reason && process.env.CI !== "true") return t.skip(reason);
    const prefix = [...CLOSED_DEVICE, ...NOBODY_WITH_NET_ADMIN];
    const daemon = new Daemon(spokeConfig(), { owner: NOBODY, prefix });
    try {
      assert.equal((await daemon.exited).code, 1);
      const [line, hint] = daemon.output.split("\n");
      assert.equal(line, "tun open failed (AccessDenied); need CAP_NET_ADMIN and /dev/net/tun");
      assert.match(hint!, /\/dev\/net\/tun \(mode 0600, owner 0\) may not be opened by user 65534,/);
      assert.match(hint!, /chmod 666 \/dev\/net\/tun/);
    } finally {
      await daemon.dispose();
    }
  });

  test("the bounding set is empty where the start had CAP_SETPCAP", async (t) => {
    const own = readFileSync("/proc/self/status", "latin1").match(/^CapEff:\s*(\S+)/m)![1];
    if ((BigInt(`0x${own}`) & CAP_SETPCAP) === 0n) return t.skip("this session has no CAP_SETPCAP");
    const daemon = new Daemon(spokeConfig());
    await withDaemon(daemon, () => {
      for (const thread of daemon.threads(["CapBnd"])) assert.equal(thread, NONE);
    });
  });

  test("a configuration that can be read only once is enough", async () => {
    const pipe = join("/tmp", `subnetra-fifo-${process.pid}`);
    execFileSync("mkfifo", ["-m", "600", pipe]);
    const daemon = new Daemon("", { configPath: pipe });
    createWriteStream(pipe).end(spokeConfig());
    try {
      await withDaemon(daemon, () => assertUnprivileged(daemon));
    } finally {
      execFileSync("rm", [pipe]);
    }
  });

  test("a configuration and a socket directory of another user are no obstacle", async () => {
    const daemon = new Daemon(spokeConfig(), { owner: NOBODY });
    await withDaemon(daemon, async () => {
      assertUnprivileged(daemon);
      const status = await finished(daemon.inside([process.execPath, subnetra, "status"]));
      assert.match(status.out, /tun=snr0 peers=1/);
    });
  });

  test("a system that forbids executable memory files is no obstacle", async (t) => {
    const sysctl = "/proc/sys/vm/memfd_noexec";
    if (!existsSync(sysctl)) return t.skip("this kernel has no vm.memfd_noexec");
    // The setting belongs to the process-id namespace.
    const namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const daemon = new Daemon(spokeConfig(), {
      prefix: [...namespace, "sh", "-c", `echo 1 > ${sysctl} && exec "$@"`, "sh"],
    });
    await withDaemon(daemon, () => {});
  });

  test("nothing but the devices and sockets stays open", async () => {
    const daemon = new Daemon(spokeConfig());
    await withDaemon(daemon, () => {
      const folder = `/proc/${daemon.pid}/fd`;
      const open = readdirSync(folder)
        .filter((fd) => Number(fd) > 2)
        .map((fd) => readlinkSync(join(folder, fd)));
      assert.equal(open.filter((target) => target === "/dev/net/tun").length, 1);
      // Two UDP sockets, the control socket, the kernel's events.
      assert.equal(open.filter((target) => target.startsWith("socket:")).length, 4);
      assert.deepEqual(
        open.filter((target) => target.startsWith("/") && !target.startsWith("/dev/")),
        [],
      );
    });
  });

  for (const [what, note] of [
    ["not JSON", "{"],
    ["of another process", '{"pid":1,"tun":3,"udp":[4],"control":5,"files":[]}'],
    ["naming standard streams", '{"pid":$$,"tun":0,"udp":[1],"control":2,"files":[]}'],
    ["naming descriptors of other kinds", '{"pid":$$,"tun":7,"udp":[7],"control":-1,"files":[["/x",8]]}'],
    ["of a wrong shape", '{"pid":$$,"tun":-1,"udp":{},"control":-1,"files":7}'],
  ] as const) {
    test(`a forged note about descriptors is ignored: ${what}`, async () => {
      const quoted = note.replaceAll('"', '\\"');
      const script = `export SUBNETRA_HANDOFF="${quoted}"; exec 7</dev/null 8</dev/null; exec "$@"`;
      const daemon = new Daemon(spokeConfig(), { prefix: ["sh", "-c", script, "sh"] });
      await withDaemon(daemon, () => assertUnprivileged(daemon));
    });
  }
});
