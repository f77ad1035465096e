import assert from "node:assert/strict";
import { test } from "node:test";
import { runClient } from "../../../src/core/control/client.ts";
import * as os from "../../../src/core/sys.ts";
import { VERSION } from "../../../src/core/version.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { FakeDaemon, FakeSys } from "../../support/core/fake-sys.ts";

const ADD = ["policy", "add", "--src", "0.0.0.0/0", "--dst", "10.0.0.0/8", "--action", "drop"];
const engine = loadEngine();

const SOCKET = "/run/subnetra/subnetra.sock";

function run(prepare: (sys: FakeSys) => void, ...args: string[]) {
  const sys = new FakeSys(engine);
  sys.machine.files.mkdir("/run/subnetra");
  prepare(sys);
  return { exit: runClient(sys, args), sys };
}

const nothing = () => {};

/** A daemon at the default place that answers what `answer` gives. */
function daemon(answer: (request: string) => string | null = () => null): (sys: FakeSys) => void {
  return (sys) => {
    new FakeDaemon(sys, SOCKET, answer);
  };
}

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
  const answer = (request: string) => (request === "status --json" ? '{"x":1}' : null);
  const { exit, sys } = run(daemon(answer), "status", "--json");
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, '{"x":1}', ""]);
  // Connected before it can be addressed: nobody but the daemon can ever send to it.
  assert.deepEqual(sys.log, [`unixConnect ${SOCKET}`, "unixBind", "unixSend status --json"]);
});

test("policy add awaits no reply", () => {
  const { exit, sys } = run(daemon(), ...ADD);
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "", ""]);
  assert.deepEqual(sys.log, [`unixConnect ${SOCKET}`, `unixSend ${ADD.join(" ")}`]);
});

test("SUBNETRA_SOCK names the socket; empty means unset; macOS has its own default", () => {
  const path = (prepare: (sys: FakeSys) => void) => run(prepare, ...ADD).sys.log[0]!.split(" ")[1];
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
      s.failures.unixConnect = -errno;
    }, "status");
    assert.deepEqual(
      [exit, sys.stderr],
      [1, "subnetra: daemon not running (socket /run/subnetra/subnetra.sock)\n"],
    );
  }
  for (const errno of [os.ECONNREFUSED, os.ECONNRESET]) {
    const { exit, sys } = run((s) => {
      daemon()(s);
      s.failures.unixSend = -errno;
    }, "status");
    assert.equal(exit, 1);
    assert.match(sys.stderr, /^subnetra: daemon not running/);
  }
  const silent = run(daemon(), "status");
  assert.deepEqual([silent.exit, silent.sys.stderr], [1, "subnetra: no response from daemon (timed out)\n"]);
  assert.equal(silent.sys.milliseconds(), 2000);
  const failures: [string, (sys: FakeSys) => void][] = [
    [
      "SendFailed",
      (s) => {
        s.failures.unixConnect = -os.EACCES;
      },
    ],
    [
      "SendFailed",
      (s) => {
        daemon()(s);
        s.failures.unixSend = -os.EAGAIN;
      },
    ],
    [
      "SocketFailed",
      (s) => {
        s.failures.unixOpen = -os.EACCES;
      },
    ],
    [
      "BindFailed",
      (s) => {
        daemon()(s);
        s.failures.unixBind = -os.EACCES;
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
    daemon(() => "ok"),
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
    daemon((request) => pages[request] ?? null),
    "policy",
    "show",
  );
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "one\ntwo\nthree\nfour\n", ""]);
});

test("policy add waits while the daemon's queue is full", () => {
  let full = 3;
  const { exit, sys } = run(
    (s) => {
      daemon()(s);
      const send = s.unixSend.bind(s);
      s.unixSend = (fd, text, address) => (full-- > 0 ? -os.EAGAIN : send(fd, text, address));
    },
    ...ADD,
  );
  assert.deepEqual([exit, sys.stderr], [0, ""]);
  assert.deepEqual(sys.log.slice(-1), [`unixSend ${ADD.join(" ")}`]);
  assert.equal(sys.log.filter((entry) => entry === "poll -1").length, 3);
});

test("no control character of a reply reaches the terminal, letters of any script do", () => {
  const cases: [string, string][] = [
    ["tab\tand line\n", "tab\tand line\n"],
    ["\x1b[2Jclear \x07\x00\r\x7f", "?[2Jclear ????"],
    // C1: raw, and as UTF-8. The bytes of "À" and "回" hold 0x80 and 0x9b as well, and stay.
    ["\x9b2J", "?2J"],
    ["\xc2\x9b2J \xc2\x80", "?2J ?"],
    ["\xc3\x80 \xe5\x9b\x9e \xc2\xa0", "\xc3\x80 \xe5\x9b\x9e \xc2\xa0"],
    // Sequences that are cut, overlong or stray.
    ["\xe5\x9b", "\xe5?"],
    ["\xc1\x9b", "\xc1?"],
    ["\xe0\x82\x9b", "\xe0??"],
    ["\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"],
  ];
  for (const [reply, shown] of cases) {
    const { sys } = run(
      daemon(() => reply),
      "status",
    );
    assert.equal(sys.stdout, shown);
  }
});

/** A daemon whose whole status fits into no datagram; `pages` is what it answers to the requests for pages. */
const pagedDaemon = (pages: { [request: string]: string | undefined }) =>
  daemon((request) => {
    if (request === "status") return "status unavailable\n";
    if (request === "status --json") return '{"error":"status unavailable"}\n';
    return pages[request] ?? null;
  });

test("a status too long for a datagram is asked for page by page and printed as one", () => {
  for (const form of ["status", "status --json"]) {
    const { exit, sys } = run(
      pagedDaemon({
        [`${form} --from 0`]: "# status page run=1.2 from=0 next=3\nhead\none\n",
        [`${form} --from 3`]: "# status page run=1.2 from=3 next=7\ntwo\n",
        [`${form} --from 7`]: "# status page run=1.2 from=7 next=0\ntail\n",
      }),
      ...form.split(" "),
    );
    assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "head\none\ntwo\ntail\n", ""]);
  }
});

test("pages of two runs of a daemon are never put together, and half a status is never printed", () => {
  const first = { "status --from 0": "# status page run=1.2 from=0 next=3\nhead\n" };
  const restarted = run(
    pagedDaemon({ ...first, "status --from 3": "# status page run=2.2 from=3 next=0\ntail\n" }),
    "status",
  );
  assert.deepEqual([restarted.exit, restarted.sys.stdout], [1, ""]);
  assert.match(restarted.sys.stderr, /the daemon was restarted/);
  const replaced = run(pagedDaemon({ ...first, "status --from 3": "status unavailable\n" }), "status");
  assert.deepEqual([replaced.exit, replaced.sys.stdout], [1, ""]);
  const gone = run(pagedDaemon(first), "status");
  assert.deepEqual([gone.exit, gone.sys.stdout], [1, ""]);
  assert.match(gone.sys.stderr, /timed out/);
});

test("a daemon that knows no pages keeps its refusal; it is a failure", () => {
  for (const [form, refusal] of [
    ["status", "status unavailable\n"],
    ["status --json", '{"error":"status unavailable"}\n'],
  ] as const) {
    // Silent about what it does not know, or deaf to what follows --json.
    for (const pages of [{}, { "status --json --from 0": refusal }]) {
      const { exit, sys } = run(pagedDaemon(pages), ...form.split(" "));
      assert.deepEqual([exit, sys.stdout, sys.stderr], [1, refusal, ""]);
    }
  }
});

test("a reply that says it failed is printed, and the exit status is 1", () => {
  for (const reply of ["save failed\n", "error NoSuchRule nothing has that destination\n"]) {
    const { exit, sys } = run(
      daemon(() => reply),
      "save",
    );
    assert.deepEqual([exit, sys.stdout, sys.stderr], [1, reply, ""]);
  }
  const page = run(
    daemon(() => "error OutOfMemory x\n"),
    "policy",
    "show",
  );
  assert.deepEqual([page.exit, page.sys.stdout], [1, "error OutOfMemory x\n"]);
});
