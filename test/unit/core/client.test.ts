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

/** How the client asks what a daemon knows, and how the original and ours answer. */
const ASK_FEATURES = "status --json --from 4294967295";
const OLD = (request: string) =>
  request === ASK_FEATURES
    ? '{"schema_version":1,"peers":[{"name":"\\"features\\":[\\"policy-insert\\""}],"counters":{"x":1}}'
    : null;
const OURS = (request: string) =>
  request === ASK_FEATURES
    ? '# status page run=1.2 from=4294967295 next=0\n],"counters":{"x":1},"features":["policy-insert","policy-del","policy-replace","policy-test"],"warnings":[]}'
    : null;

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
    for (const line of sys.stdout.split("\n")) assert.ok(line.length <= 80, line);
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

test("policy add of a daemon that gives no answers awaits none", () => {
  const { exit, sys } = run(daemon(OLD), ...ADD, "--force");
  assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "", ""]);
  assert.deepEqual(sys.log, [
    `unixConnect ${SOCKET}`,
    "unixBind",
    `unixSend ${ASK_FEATURES}`,
    `unixSend ${ADD.join(" ")}`,
  ]);
});

test("policy add asks for an answer where there is one, and says what is missing", () => {
  for (const [force, reply, exit] of [
    [[], "ok 5 rules\n", 0],
    [["--force"], "ok 6 rules\n", 0],
    [[], "error UnknownTarget no peer has id 9; --force takes it nevertheless\n", 1],
    [[], "error OutOfSpace the table is full with 5 rules; raise max_rules\n", 1],
  ] as const) {
    const asked = `policy insert ${[...ADD.slice(2), ...force].join(" ")}`;
    const done = run(
      daemon((request) => (request === asked ? reply : OURS(request))),
      ...ADD,
      ...force,
    );
    assert.deepEqual([done.exit, done.sys.stdout, done.sys.stderr], [exit, reply, ""]);
  }
  const silent = run(daemon(OURS), "policy", "add", "--src", "0.0.0.0/0", "--dst", "10.0.0.0/8");
  assert.equal(silent.exit, 2);
  assert.match(silent.sys.stderr, /^subnetra: say what the rule does: --action forward --target ID, or/);
  assert.deepEqual(silent.sys.log, []);
});

test("a command that the running daemon is too old for is named, and the exit status is 1", () => {
  for (const args of [
    ["policy", "del", "--dst", "10.0.0.0/8"],
    ["policy", "test", "10.0.0.1", "10.0.0.2"],
    ["policy", "replace", "rules"],
    ["peer", "endpoint", "2", "192.0.2.1:18020"],
  ]) {
    const { exit, sys } = run(
      (s) => {
        daemon(OLD)(s);
        s.files.rules = Buffer.from(`${ADD.join(" ")}\n`);
      },
      ...args,
    );
    assert.equal(exit, 1);
    assert.equal(
      sys.stderr,
      `subnetra: the running daemon is older and does not know "${args[0]} ${args[1]}"; update and restart it\n`,
    );
    assert.deepEqual(
      sys.log.filter((entry) => entry.startsWith("unixSend")),
      [`unixSend ${ASK_FEATURES}`],
    );
  }
});

test("the answer of policy test is printed without its ok", () => {
  const answer = (request: string) =>
    request.startsWith("policy test") ? "ok drop by rule 1\nmore\n" : OURS(request);
  const { exit, sys } = run(daemon(answer), "policy", "test", "10.0.0.1", "10.0.0.2");
  assert.deepEqual([exit, sys.stdout], [0, "drop by rule 1\nmore\n"]);
});

/** A daemon that takes uploads: what it is asked, and the tables that were put in force. */
function uploads(first: (request: string) => string | null = () => null) {
  const heard: string[] = [];
  let expected = 0;
  let received = 0;
  const answer = (request: string) => {
    heard.push(request);
    const reply = first(request);
    if (reply !== null) return reply;
    const words = request.split(" ");
    if (words[1] !== "upload") return OURS(request);
    if (words[2] === "begin") {
      [expected, received] = [Number(words[3]), 0];
      return "ok 77\n";
    }
    if (words[3] === "commit")
      return received === expected ? `ok ${received} rules\n` : "error OutOfOrder x\n";
    if (Number(words[3]) !== received) return "error OutOfOrder x\n";
    received += words.length - 4;
    return `ok ${received}\n`;
  };
  return { heard, answer };
}

const ruleLine = (i: number) =>
  `policy add --src 0.0.0.0/0 --dst 10.${i >> 8}.${i & 255}.0/24 --action forward --target ${i}`;

test("policy replace sends a long file in pages that fit, and asks for all of it at once", () => {
  for (const name of ["-", "my rules"]) {
    const { heard, answer } = uploads();
    const text = `# comment\n\n${Array.from({ length: 5000 }, (_, i) => ruleLine(i)).join("\r\n")}`;
    const { exit, sys } = run(
      (s) => {
        daemon(answer)(s);
        if (name === "-") for (const byte of Buffer.from(text)) s.machine.input.push(byte);
        else s.files[name] = Buffer.from(text);
      },
      "policy",
      "replace",
      name,
    );
    assert.deepEqual([exit, sys.stdout, sys.stderr], [0, "ok 5000 rules\n", ""]);
    assert.equal(heard[0], ASK_FEATURES);
    assert.equal(heard[1], "policy upload begin 5000");
    assert.equal(heard.at(-1), "policy upload 77 commit");
    const pages = heard.slice(2, -1).map((request) => request.split(" ").slice(4));
    assert.ok(heard.every((request) => request.length <= 4096));
    assert.deepEqual(
      pages.flat(),
      Array.from({ length: 5000 }, (_, i) => `0.0.0.0/0,10.${i >> 8}.${i & 255}.0/24,${i}`),
    );
  }
});

test("policy replace names the line that is wrong and asks the daemon nothing", () => {
  const cases: [string, RegExp][] = [
    ["status", /: line 4: "status" is not a rule; write it as policy show prints it; nothing was changed\n$/],
    [
      "policy add --src 1.2.3.4/33 --dst 1.2.3.4/5 --action drop",
      /: line 4: ".*" is not a rule \(InvalidValue\)/,
    ],
    [
      "policy add --src 1.2.3.4/3 --dst 1.2.3.4/5",
      /: line 4: ".*" does not say --action forward or --action drop/,
    ],
    [`policy add ${" ".repeat(600)}`, /: line 4: ".*" is not a rule/],
    [`policy add ${"x".repeat(600)}`, /: line 4: the line is too long/],
    ["x".repeat(200000), /: line 4: the line is too long/],
  ];
  for (const [line, expected] of cases) {
    const { heard, answer } = uploads();
    const { exit, sys } = run(
      (s) => {
        daemon(answer)(s);
        s.files.rules = Buffer.from(`${ruleLine(1)}\n# x\n${ruleLine(2)}\n${line}\n${ruleLine(3)}\n`);
      },
      "policy",
      "replace",
      "rules",
    );
    assert.deepEqual([exit, sys.stdout, heard], [1, "", []]);
    assert.match(sys.stderr, /^subnetra: rules: line 4/);
    assert.match(sys.stderr, expected);
  }
  const missing = run(daemon(), "policy", "replace", "rules");
  assert.deepEqual([missing.exit, missing.sys.stdout], [1, ""]);
  assert.match(
    missing.sys.stderr,
    /^subnetra: rules: the file cannot be opened \(.*\); nothing was changed\n$/,
  );
  for (const operands of [[], ["a", "b"], ["--force"]]) {
    const { exit, sys } = run(daemon(), "policy", "replace", ...operands);
    assert.equal(exit, 2);
    assert.match(sys.stderr, /\nusage: subnetra policy replace \[--force\] FILE\n/);
  }
});

test("policy replace of no rules takes --force", () => {
  for (const text of ["", "# no policy rules\n"]) {
    const { heard, answer } = uploads();
    const prepare = (s: FakeSys) => {
      daemon(answer)(s);
      s.files.rules = Buffer.from(text);
    };
    const refused = run(prepare, "policy", "replace", "rules");
    assert.deepEqual([refused.exit, heard], [1, []]);
    assert.equal(refused.sys.stderr, "subnetra: rules has no rules; --force empties the table\n");
    const forced = run(prepare, "policy", "replace", "--force", "rules");
    assert.deepEqual([forced.exit, forced.sys.stdout], [0, "ok 0 rules\n"]);
    assert.equal(heard[1], "policy upload begin 0 --force");
  }
});

test("policy replace tells which line the daemon refused, and waits for another replacement", () => {
  const file = (s: FakeSys) => {
    s.files.rules = Buffer.from(`# x\n${ruleLine(1)}\n\n${ruleLine(2)}\n`);
  };
  const unknown = uploads((request) =>
    request.startsWith("policy upload 77 0 ")
      ? "error UnknownTarget rule 1: no peer has id 2: nothing was changed\n"
      : null,
  );
  const refused = run(
    (s) => {
      daemon(unknown.answer)(s);
      file(s);
    },
    "policy",
    "replace",
    "rules",
  );
  assert.deepEqual([refused.exit, refused.sys.stdout], [1, ""]);
  assert.equal(refused.sys.stderr, "subnetra: rules: line 4: no peer has id 2: nothing was changed\n");

  let busy = 3;
  const waiting = uploads((request) =>
    request.includes("begin") && busy-- > 0 ? "error Busy another policy replace is under way\n" : null,
  );
  const waited = run(
    (s) => {
      daemon(waiting.answer)(s);
      file(s);
    },
    "policy",
    "replace",
    "rules",
  );
  assert.deepEqual([waited.exit, waited.sys.stdout], [0, "ok 2 rules\n"]);
  const never = uploads((request) => (request.includes("begin") ? "error Busy another\n" : null));
  const given = run(
    (s) => {
      daemon(never.answer)(s);
      file(s);
    },
    "policy",
    "replace",
    "rules",
  );
  assert.deepEqual([given.exit, given.sys.stdout], [1, "error Busy another\n"]);
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
      daemon(OLD)(s);
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
