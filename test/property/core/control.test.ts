import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY, writePrefix } from "../../../src/core/cidr.ts";
import { ControlServer } from "../../../src/core/control/server.ts";
import { KEY_LENGTH, REGION_CLOCK, REGION_SCRATCH } from "../../../src/engine/abi.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeChannel } from "../../support/core/fake-channel.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const NODE = {
  version: "0.10.0",
  localId: 1,
  role: "hub" as const,
  obfuscate: true,
  ports: [18020, 18023],
  tun: "snr0",
  names: [],
  labels: [],
  run: "7.5",
  startedAt: 58,
  socketDrops: () => 7,
  warnings: () => [],
};

/** Requests that must be answered, one reply each; everything else is met with silence. */
function expectedReplies(datagram: string): number {
  // The new requests are told what is wrong with them, too.
  const answered =
    /^(save( .*)?|policy +(?:insert|del|test|replace|upload)( .*)?|status|status +--json( .*)?|status +--from( .*)?|policy +show( .*)?)$/s;
  return datagram.split("\n").filter((raw) => {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    const page = /^(?:status(?: +--json)?|policy +show)(?= ).*? --from(?: +([^ ]+))?(?: |$)/s.exec(line);
    if (page !== null && !/^(0|[1-9]\d{0,9})$/.test(page[1] ?? "")) return false;
    return answered.test(line);
  }).length;
}

test("no datagram crashes the control server, and exactly the queries are answered", () => {
  const engine = loadEngine();
  const sys = new FakeSys(engine);
  sys.clock(engine.call.region(REGION_CLOCK));
  engine.call.setNode(1, 1);
  engine.call.setPlatform(0, 0, 2);
  engine.call.startEpoch();
  const psk = engine.call.region(REGION_SCRATCH);
  engine.u8.fill(0xab, psk, psk + 32);
  writePrefix(engine, psk + KEY_LENGTH, ANY);
  engine.call.addPeer(2, psk, 1, 1, psk + KEY_LENGTH);
  const channel = new FakeChannel();
  const server = new ControlServer({ engine, sys }, channel, NODE, "/run/s.sock.policy");

  const word = fc.constantFrom(
    "status",
    "save",
    "policy",
    "show",
    "add",
    "--json",
    "--from",
    "1",
    "--src",
    "0.0.0.0/0",
    "--dst",
    "10.0.0.0/8",
    "--action",
    "forward",
    "drop",
    "--target",
    "7",
    "--force",
    "insert",
    "del",
    "test",
    "replace",
    "upload",
    "begin",
    "commit",
    "10.0.0.1",
    "0.0.0.0/0,10.0.0.0/8,2",
    "10.0.0.0/8,0.0.0.0/0,drop",
    "reload",
    "#",
    "\t",
    "\r",
    "\u0000",
    "\u00ff",
  );
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.array(word, { maxLength: 9 }).map((words) => words.join(" ")) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "status",
        "status --json",
        "policy show",
        "policy show --from 1",
        "status --from 1",
        "save",
        "policy del --dst 10.0.0.0/8",
        "policy insert --src 0.0.0.0/0 --dst 10.0.0.0/8 --action drop",
        "policy test 10.0.0.1 10.0.0.2",
        "policy upload begin 2",
        "policy upload 1 0 0.0.0.0/0,10.0.0.0/8,2 0.0.0.0/0,10.0.0.0/8,drop",
        "policy upload 2 0 0.0.0.0/0,10.0.0.0/8,2 0.0.0.0/0,10.0.0.0/8,drop",
        "policy upload 1 commit",
        "policy upload 2 commit",
      ),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.from(b).toString("latin1")) },
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const datagram = lines.join("\n");
      channel.requests.push(datagram);
      channel.replies.length = 0;
      server.serve();
      assert.equal(channel.replies.length, expectedReplies(datagram), JSON.stringify(datagram));
      for (const reply of channel.replies) assert.doesNotMatch(reply, /abab/);
    }),
    { numRuns: 10000 },
  );
});
