// The tools against a real network: a path that swallows large packets, and a capture of a live mesh.
//
//   a 10.101.1.2 ── 10.101.1.1  narrow  10.101.2.1 ── 10.101.2.2 b       the middle drops packets above 1300 bytes, silently

import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { Capture, datagrams } from "../../lab/capture.ts";
import { Lab } from "../../lab/lab.ts";
import { ping } from "../../lab/ping.ts";
import { labUnavailable } from "../../lab/prerequisites.ts";
import { must, run, until } from "../../lab/process.ts";
import { builds, chooseBuilds, root } from "../../lab/project.ts";
import {
  A_ID,
  A_OVERLAY,
  A_UNDERLAY,
  B_ID,
  B_OVERLAY,
  B_UNDERLAY,
  HUB_ID,
  HUB_UNDERLAY_A,
  HUB_UNDERLAY_B,
  PORT,
  Star,
} from "../../lab/star.ts";
import { COUNTER_NAMES } from "../../src/core/status/counters.ts";
import { endToEnd } from "../support/e2e/suite.ts";

const nodejs = chooseBuilds("").hub.client;

endToEnd("Path MTU", () => {
  let lab: Lab;

  before(() => {
    lab = new Lab("mtu");
    for (const name of ["a", "narrow", "b"]) lab.addNamespace(name);
    lab.connect(
      { ns: "a", dev: "u0", ip: "10.101.1.2/24" },
      { ns: "narrow", dev: "ua", ip: "10.101.1.1/24" },
    );
    lab.connect(
      { ns: "b", dev: "u0", ip: "10.101.2.2/24" },
      { ns: "narrow", dev: "ub", ip: "10.101.2.1/24" },
    );
    lab.ip("a", "route add default via 10.101.1.1");
    lab.ip("b", "route add default via 10.101.2.1");
    lab.sysctl("narrow", "net.ipv4.ip_forward=1");
    lab.nft("narrow", "add table ip t\nadd chain ip t f { type filter hook forward priority 0; }\n");
    lab.nft("narrow", "add rule ip t f ip length > 1300 drop\n");
  });
  after(() => lab?.close());

  it("is found by mtu-probe where larger packets vanish without a word", async () => {
    const listen = [...builds.hub.client, "mtu-probe", "--listen", "18021"];
    const responder = lab.start("b", "responder", listen);
    await responder.seen(/^mtu-probe: responder listening on 0\.0\.0\.0:18021 \(Ctrl-C to stop\)\n/);
    const words = [
      "mtu-probe",
      "--probe",
      "10.101.2.2:18021",
      "--tries",
      "2",
      "--timeout-ms",
      "150",
      "--verbose",
    ];
    const { status, stdout, stderr } = lab.exec("a", [...builds.spokes.client, ...words]);
    assert.equal(stderr, "");
    assert.equal(status, 0);
    const lines = stdout.split("\n");
    assert.equal(
      lines[0],
      "mtu-probe: probing 10.101.2.2:18021  range=576..1500 (path MTU)  DF=on tries=2 timeout=150ms",
    );
    assert.ok(lines.includes("  probe 576B ... ok") && lines.includes("  probe 1301B ... drop"), stdout);
    assert.equal(
      lines.slice(lines.indexOf("mtu-probe: result")).join("\n"),
      "mtu-probe: result\n" +
        "  underlay path MTU : 1300 bytes   (largest UDP payload that round-tripped: 1272 + 28 IPv4/UDP)\n" +
        "  subnetra overhead : 64 bytes\n" +
        "  recommended       : local_tun_mtu = 1236\n",
    );
    // Above what its own interface takes, the kernel refuses at once: no time-out is waited for.
    const began = performance.now();
    const wide = [
      ...words.slice(0, 3),
      "--floor",
      "1300",
      "--ceil",
      "65535",
      "--tries",
      "1",
      "--timeout-ms",
      "5000",
    ];
    lab.nft("narrow", "flush chain ip t f\n");
    const open = lab.exec("a", [...builds.spokes.client, ...wide]);
    assert.match(open.stdout, /underlay path MTU : 1500 bytes/);
    assert.ok(performance.now() - began < 4000);
    await responder.stop("SIGINT");
    const silent = lab.exec("a", [...builds.spokes.client, ...words]);
    assert.equal(silent.status, 1);
    assert.equal(
      silent.stderr,
      "mtu-probe: NO RESPONSE at the floor (576B). Responder not running/reachable, all\n" +
        "  probes dropped, or the path MTU is below 576. Lower --floor or check the link.\nerror: NoResponse\n",
    );
  });
});

endToEnd("Capture of an obfuscated mesh", () => {
  let star: Star;
  const mark = "5375626e65747261";

  before(async () => {
    star = new Star("decode", { builds, kind: "roles" });
    await star.start();
  });
  after(() => star?.close());

  /** The echo packets in a capture of inner packets: source, destination, type, sequence number, payload. */
  function echoes(path: string): string[] {
    const fields = ["ip.src", "ip.dst", "icmp.type", "icmp.seq", "data.data"].flatMap((name) => ["-e", name]);
    return must(["tshark", "-r", path, "-Y", "icmp", "-T", "fields", ...fields])
      .trimEnd()
      .split("\n");
  }

  // In CI nothing is skipped.
  const skip = process.env.CI === "true" ? false : (labUnavailable(["tshark"]) ?? false);

  it("becomes, by wire-decode, what tshark reads as the ping that was sent", { skip }, async () => {
    const { lab } = star;
    const captures = [
      await Capture.start(lab, "hub", "ua", `udp port ${PORT}`),
      await Capture.start(lab, "hub", "any", `udp port ${PORT}`),
    ];
    assert.equal(ping(lab, "a", B_OVERLAY, { count: 3, intervalSeconds: 0.2, pattern: mark }).received, 3);
    const [link] = await Promise.all(captures.map((capture) => capture.stop()));
    assert.ok(
      datagrams(link!).some(({ payload }) => payload[0] !== 1),
      "the headers are obfuscated",
    );
    const keys = lab.path("hub", "link.keys");
    const links = [
      [A_ID, HUB_ID, star.keys.a],
      [HUB_ID, A_ID, star.keys.a],
      [B_ID, HUB_ID, star.keys.b],
      [HUB_ID, B_ID, star.keys.b],
    ];
    writeFileSync(keys, links.map((link) => link.join(":")).join("\n"), { mode: 0o600 });
    const pcapng = lab.path("hub", "again.pcapng");
    must(["tshark", "-r", captures[0]!.path, "-F", "pcapng", "-w", pcapng]);
    const sides = [
      // What passes the link to A once passes "any" device twice: to A and to B.
      { path: captures[0]!.path, times: 1 },
      { path: pcapng, times: 1 },
      { path: captures[1]!.path, times: 2 },
    ];
    for (const { path, times } of sides) {
      const inner = `${path}.inner.pcapng`;
      const words = ["wire-decode", "--read", path, "--key-file", keys, "--write", inner];
      const { status, stdout, stderr } = run([...nodejs, ...words]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /\nsummary: decoded=\d+ auth_failed=0 no_key=0 skipped=0\n$/);
      assert.equal(statSync(inner).mode & 0o777, 0o600);
      const found = echoes(inner);
      assert.equal(found.length, 6 * times, found.join("\n"));
      for (const line of found) {
        const [from, to, type, , data] = line.split("\t");
        assert.deepEqual([from, to], type === "8" ? [A_OVERLAY, B_OVERLAY] : [B_OVERLAY, A_OVERLAY]);
        assert.ok(data!.replaceAll(":", "").includes(mark.repeat(3)), line);
      }
      assert.equal(new Set(found.map((line) => line.split("\t").slice(2, 4).join())).size, 6);
      // Without the keys there is nothing to read.
      assert.equal(must(["tshark", "-r", path, "-Y", "icmp"]), "");
    }
  });

  it("is measured by bench-overlay, and the counters that moved are shown", async () => {
    const { lab, a } = star;
    const tool = [...nodejs, "bench-overlay"];
    const server = lab.start("b", "bench-overlay serve", [...tool, "serve", B_OVERLAY]);
    const direct = lab.start("b", "iperf3 direct", ["iperf3", "-s", "-p", "5201", "-B", B_UNDERLAY]);
    // iperf3 keeps back what it prints into a pipe.
    await until(
      "two iperf3 servers",
      10000,
      () => lab.exec("b", ["ss", "-ltn"]).stdout.match(/:5201 /g)?.length === 2,
    );
    lab.sysctl("hub", "net.ipv4.ip_forward=1");
    lab.ip("a", `route add ${B_UNDERLAY} via ${HUB_UNDERLAY_A}`);
    lab.ip("b", `route add ${A_UNDERLAY} via ${HUB_UNDERLAY_B}`);
    const words = ["-t", "1", "-P", "2", "-n", "3", "-u", "-d", B_UNDERLAY];
    const client = join(lab.folder, "client");
    writeFileSync(client, `#!/bin/sh\nexec ${a.build.client.join(" ")} "$@"\n`, { mode: 0o700 });
    const env = [`SUBNETRA_SOCK=${a.socketPath}`, `SUBNETRA_BIN=${client}`];
    const { status, stdout, stderr } = lab.exec("a", ["env", ...env, ...tool, B_OVERLAY, ...words]);
    assert.equal(stderr, "");
    assert.equal(status, 0, stdout);
    const mbit = "\\d+(\\.\\d+)? Mbit/s";
    assert.match(
      stdout,
      new RegExp(
        `^bench-overlay: ${B_OVERLAY}  secs=1 streams=2 pings=3\\n` +
          "  ping +rtt min/avg/max [\\d.]+/[\\d.]+/[\\d.]+ ms, loss 0%\\n" +
          `  TCP 1 stream +${mbit}\\n  TCP 2 streams +${mbit}\\n  TCP reverse +${mbit}\\n` +
          `  UDP unlimited +${mbit}, loss .*%\\n  UDP 64 bytes +${mbit}, loss .*%\\n` +
          `  direct 1 stream +${mbit}\\n  overhead +-?\\d+\\.\\d %\\n` +
          `  counters of this node that changed:\\n(    (${COUNTER_NAMES.join("|")}) +\\d+ -> \\d+\\n)+$`,
      ),
    );
    assert.match(stdout, / {4}tun_rx_packets +\d+ -> \d+\n/);
    await Promise.all([server.stop("SIGTERM"), direct.stop("SIGTERM")]);
    // Without an answer to the ping the measurement has failed.
    const silent = lab.exec("a", ["env", ...env, ...tool, "10.0.0.99", "-t", "1", "-n", "1"]);
    assert.equal(silent.status, 1);
    assert.match(silent.stdout, / {2}ping +no answer\n {2}TCP 1 stream +failed: /);
    assert.equal(lab.exec("b", [...nodejs, "bench-overlay"]).status, 2);
    const path = join(lab.folder, "empty");
    const missing = ["env", `PATH=${path}`, "/bin/sh", join(root, "deploy/bench-overlay.sh"), B_OVERLAY];
    assert.equal(lab.exec("b", missing).status, 3);
  });
});
