// A6: no key gets into a core file. A hub with two peers relays real traffic; then everything of its memory that the
// kernel would dump is searched for every key it has, and the kernel is asked to dump it.
//
//   A ─── hub ─── B

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { Capture, datagrams } from "../../lab/capture.ts";
import { ping } from "../../lab/ping.ts";
import { builds } from "../../lab/project.ts";
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
  Star,
} from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { scanDumpable } from "../support/abuse/memory-scan.ts";
import { linkSecrets } from "../support/abuse/secrets.ts";
import { abuse } from "../support/abuse/suite.ts";

/** Raises a limit of the shell as far as this system lets it: a container's root may not go beyond the hard limit. */
const RAISE = `raise() { (ulimit "$1" unlimited) 2>/dev/null && ulimit "$1" unlimited || ulimit "$1" "$(ulimit -H "$1")"; }`;

/** Starts a command in a folder of its own, with core files and locked memory allowed. */
const WITH_CORES = (folder: string) => [
  "sh",
  "-c",
  `${RAISE}; cd ${folder} && raise -c && raise -l && exec "$@"`,
  "sh",
];

abuse("Core files", () => {
  let star: Star;
  let folder: string;

  before(async () => {
    star = new Star("abusecore", { builds, kind: "roles" });
    folder = star.lab.path("hub", "cwd");
    mkdirSync(folder);
    await star.start({ hub: { wrap: WITH_CORES(folder) } });
  });
  after(() => star?.close());

  it("hold no key of a hub that relays", async () => {
    const secrets = new Map<string, Uint8Array>();
    const captures = [
      { device: "ua", psk: star.keys.a, peer: A_ID, theirs: A_UNDERLAY, ours: HUB_UNDERLAY_A },
      { device: "ub", psk: star.keys.b, peer: B_ID, theirs: B_UNDERLAY, ours: HUB_UNDERLAY_B },
    ];
    const running = await Promise.all(captures.map(({ device }) => Capture.start(star.lab, "hub", device)));
    const pings = ping(star.lab, "a", B_OVERLAY, { count: 40, intervalSeconds: 0.02, size: 1200 });
    assert.ok(pings.received > 30, pings.output);
    assert.ok(ping(star.lab, "b", A_OVERLAY, { count: 10, intervalSeconds: 0.02 }).received > 5);
    for (const [i, { psk, peer, theirs, ours }] of captures.entries()) {
      const seen = datagrams(await running[i]!.stop()).filter(({ payload }) => payload.length >= 36);
      const sent = seen.find(({ source }) => source === ours)!.payload;
      const received = seen.find(({ source }) => source === theirs)!.payload;
      for (const [name, bytes] of linkSecrets(psk, HUB_ID, peer, sent, received)) secrets.set(name, bytes);
    }
    const found = scanDumpable(star.hub.pid, secrets);
    for (const line of found) console.log(`found: ${line}`);
    figure("A6 keys in what a core file would hold", found.length, { atMost: 0 });
  });

  it("would hold nothing that the system may swap out either, as far as it allows", () => {
    const locked = /^VmLck:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${star.hub.pid}/status`, "latin1"));
    figure("A6 locked memory of a hub", Number(locked?.[1]), { atLeast: 400 }, " kB");
  });

  it("are not written at all", async (t) => {
    if (readFileSync("/proc/sys/kernel/core_pattern", "latin1").startsWith("|"))
      return t.skip("this system hands cores to a program");
    star.hub.daemon!.signal("SIGSEGV");
    await star.hub.daemon!.exited();
    assert.ok(existsSync(folder));
    figure("A6 core files of a daemon that crashed", readdirSync(folder).length, { atMost: 0 });
  });
});
