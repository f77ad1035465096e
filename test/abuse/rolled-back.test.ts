// A machine that was rolled back must not repeat a key and nonce: when its wall clock jumps, it takes a new epoch.
//
//   A (its wall clock jumps by 2 s) ═══ hub ═══ B      A pings B 100 times a second all the while
//
// A wall clock belongs to the whole machine, so A alone is shown another one: libfaketime in front of its C library,
// with an offset that a file says and the monotonic clock left as it is. A static executable has no C library to stand in
// front of; there the same core and engine are covered by the simulation (test/sim).

import { writeFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { Capture, datagrams } from "../../lab/capture.ts";
import { must, sleep } from "../../lab/process.ts";
import { builds } from "../../lab/project.ts";
import { A_UNDERLAY, B_OVERLAY, HUB_UNDERLAY_A, Star } from "../../lab/star.ts";
import { figure } from "../support/abuse/figures.ts";
import { PingStream } from "../support/abuse/ping-stream.ts";
import { abuse } from "../support/abuse/suite.ts";

const JUMP_S = 2;
const PING_INTERVAL_MS = 10;
const EPOCH_OFFSET = 4;
const skip = builds.hub.name === "tiny" && "a static executable cannot be shown another clock";

/** Path of the library that the faketime command would put in front: the command itself fixes the offset for good. */
function fakeTimeLibrary(): string {
  const library = /^LD_PRELOAD=(.+)$/m.exec(must(["faketime", "-m", "-f", "+0", "env"]))?.[1];
  if (!library) throw new Error("faketime names no library");
  return library;
}

abuse("A wall clock that jumps", () => {
  let star: Star;
  let offset: string;

  before(async () => {
    if (skip) return;
    // Without obfuscation the epochs can be read on the wire.
    star = new Star("abuseclock", {
      builds,
      kind: "roles",
      adjust: (_, config) => {
        config.obfuscate = false;
      },
    });
    offset = star.lab.path("a", "offset");
    writeFileSync(offset, "+0\n");
    await star.startHub();
    await star.b.start();
    await star.a.start({
      wrap: [
        "env",
        `LD_PRELOAD=${fakeTimeLibrary()}`,
        `FAKETIME_TIMESTAMP_FILE=${offset}`,
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
      ],
    });
  });
  after(() => star?.close());

  it("a new epoch, and not a packet lost", { skip }, async () => {
    const capture = await Capture.start(star.lab, "a", "u0", "udp");
    const stream = PingStream.start(star.lab, "a", B_OVERLAY, PING_INTERVAL_MS);
    await stream.firstReply(3000);
    await sleep(1000);
    writeFileSync(offset, `+${JUMP_S}\n`);
    await sleep(2000);
    const pings = await stream.stop();
    const seen = datagrams(await capture.stop());
    const epochs = (source: string) => [
      ...new Set(
        seen.filter((one) => one.source === source).map((one) => one.payload.readBigUInt64LE(EPOCH_OFFSET)),
      ),
    ];
    const [first = 0n, second = 0n, ...more] = epochs(A_UNDERLAY);
    figure("A7 epochs of the node whose clock jumped", 2 + more.length - (second === 0n ? 1 : 0), {
      atLeast: 2,
      atMost: 2,
    });
    figure("A7 new epoch later by", Number(second - first) / 1e9, { atLeast: JUMP_S }, " s");
    figure("A7 epochs of its peer", epochs(HUB_UNDERLAY_A).length, { atLeast: 1, atMost: 1 });
    figure("A7 pings lost over the jump", pings.sent - pings.received, { atMost: 1 });
  });
});
