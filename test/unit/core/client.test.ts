import assert from "node:assert/strict";
import { test } from "node:test";
import { runClient } from "../../../src/core/control/client.ts";
import * as os from "../../../src/core/sys.ts";
import { VERSION } from "../../../src/core/version.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeSys } from "../../support/core/fake-sys.ts";

const ADD = ["policy", "add", "--src", "0.0.0.0/0", "--dst", "10.0.0.0/8", "--action", "drop"];
const engine = loadEngine();

function run(prepare: (sys: FakeSys) => void, ...args: string[]) {
  const sys = new FakeSys(engine);
  prepare(sys);
  return { exit: runClient(sys, args), sys };
}

const nothing = () => {};

test("help and version act wherever they stand and need no daemon", () => {
  for (const flag of ["--version", "-V"]) {
    const { exit, sys } = run(nothing, "policy", flag);
    assert.deepEqual([exit, sys.stdout, sys.stderr, sys.log], [0, `subnetra v${VERSION}\n`, "", []]);
  }
  for (const flag of ["--help", "-h"]) {
    const { exit, sys } = run(nothing, "nonsense", flag);
    assert.equal(exit, 0);
    assert.match(sys.stdout, /^usage: subnetra status/);
    assert.equal(sys.stderr, "");
  }
});

test("a query copies the reply unchanged", () => {
  const { exit, sys } = run(
    (s) => {
      s.answer = (request) => (request === "status --json" ? '{"x":1}' : null);
    },
    "status",
    "--json",
  );
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, '{"x":1}', ""]);
  assert.deepEqual(sys.log, [
    "clientOpen true",
    "clientSend /run/subnetra/subnetra.sock status --json",
    "clientReceive 2000",
    "clientClose",
  ]);
});

test("policy add awaits no reply", () => {
  const { exit, sys } = run(nothing, ...ADD);
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "", ""]);
  assert.deepEqual(sys.log, [
    "clientOpen false",
    `clientSend /run/subnetra/subnetra.sock ${ADD.join(" ")}`,
    "clientClose",
  ]);
});

test("SUBNETRA_SOCK names the socket; empty means unset; macOS has its own default", () => {
  const path = (prepare: (sys: FakeSys) => void) => run(prepare, ...ADD).sys.log[1]!.split(" ")[1];
  assert.equal(
    path((s) => {
      s.environment.SUBNETRA_SOCK = "/tmp/x.sock";
    }),
    "/tmp/x.sock",
  );
  assert.equal(
    path((s) => {
      s.environment.SUBNETRA_SOCK = "";
    }),
    "/run/subnetra/subnetra.sock",
  );
  assert.equal(
    path((s) => {
      s.os = "macos";
    }),
    "/var/run/subnetra.sock",
  );
});

test("a missing daemon, silence and other failures have their lines and exit 1", () => {
  for (const errno of [os.ENOENT, os.ECONNREFUSED, os.ECONNRESET]) {
    const { exit, sys } = run((s) => {
      s.failures.clientSend = -errno;
    }, "status");
    assert.deepEqual(
      [exit, sys.stderr],
      [1, "subnetra: daemon not running (socket /run/subnetra/subnetra.sock)\n"],
    );
  }
  const silent = run(nothing, "status");
  assert.deepEqual([silent.exit, silent.sys.stderr], [1, "subnetra: no response from daemon (timed out)\n"]);
  const failures: [string, (sys: FakeSys) => void][] = [
    [
      "SendFailed",
      (s) => {
        s.failures.clientSend = -os.EACCES;
      },
    ],
    [
      "SendFailed",
      (s) => {
        s.failures.clientSend = -os.EAGAIN;
      },
    ],
    [
      "SocketFailed",
      (s) => {
        s.failures.clientOpen = -(os.CONTROL_SOCKET * 4096 + os.EACCES);
      },
    ],
    [
      "BindFailed",
      (s) => {
        s.failures.clientOpen = -(os.CONTROL_BIND * 4096 + os.EACCES);
      },
    ],
    [
      "PathTooLong",
      (s) => {
        s.environment.SUBNETRA_SOCK = "s".repeat(108);
      },
    ],
    [
      "PathTooLong",
      (s) => {
        s.os = "macos";
        s.environment.SUBNETRA_SOCK = "s".repeat(104);
      },
    ],
  ];
  for (const [name, prepare] of failures) {
    const { exit, sys } = run(prepare, "save");
    assert.deepEqual([exit, sys.stdout, sys.stderr], [1, "", `subnetra: control request failed (${name})\n`]);
  }
});

test("a line that does not parse exits 2 with the reason and two usage lines", () => {
  const cases: [string[], string][] = [
    [[], "UnknownCommand"],
    [["reload"], "UnknownCommand"],
    [["policy"], "MissingArgument"],
    [["policy", "add", "--src", "1.2.3.4/33"], "InvalidValue"],
    [["policy", "add", "--action", "forward", "--src", "1.2.3.4/5", "--dst", "1.2.3.4/5"], "MissingArgument"],
    [["save", "x\nsave"], "InvalidValue"],
  ];
  for (const [args, name] of cases) {
    const { exit, sys } = run(nothing, ...args);
    assert.equal(exit, 2);
    const lines = sys.stderr.split("\n");
    assert.equal(lines[0], `subnetra: failed to parse command (${name})`);
    assert.equal(lines.length, 4);
    assert.deepEqual(sys.log, []);
  }
});

test("a line of 512 bytes is sent, one of 513 refused", () => {
  const fits = run(
    (s) => {
      s.answer = () => "ok";
    },
    "save",
    "x".repeat(507),
  );
  assert.equal(fits.exit, 0);
  const { exit, sys } = run(nothing, "save", "x".repeat(508));
  assert.deepEqual([exit, sys.stderr], [2, "subnetra: command line too long (max 512 bytes)\n"]);
});

test("a long table is asked for page by page and printed as one", () => {
  const pages: { [request: string]: string } = {
    "policy show": 'one\ntwo\n# 2 more rule(s): ask with "policy show --from 2"\n',
    "policy show --from 2": 'three\n# 1 more rule(s): ask with "policy show --from 3"\n',
    "policy show --from 3": "four\n",
  };
  const { exit, sys } = run(
    (s) => {
      s.answer = (request) => pages[request] ?? null;
    },
    "policy",
    "show",
  );
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "one\ntwo\nthree\nfour\n", ""]);
});
