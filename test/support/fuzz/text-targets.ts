// The parsers of text as fuzz targets.

import assert from "node:assert/strict";
import { checkSanity } from "../../../src/core/config/sanity.ts";
import { parseConfig } from "../../../src/core/config/values.ts";
import { parseCommand } from "../../../src/core/control/commands.ts";
import { PAGE_RULES, type Upload } from "../../../src/core/control/policy-grammar.ts";
import { trimLine } from "../../../src/core/control/words.ts";
import { isSubnetraError } from "../../../src/core/errors.ts";
import { MAX_COMMAND } from "../../../src/core/limits.ts";
import { formatStaged } from "../../../src/core/policy/rule-file.ts";
import { loadSavedRules } from "../../../src/core/policy/saved-rules.ts";
import {
  formatRule,
  moreComment,
  nextPage,
  readRule,
  withoutComment,
} from "../../../src/core/policy/text.ts";
import { parseStagedRule } from "../../../src/core/policy/upload.ts";
import type { Sys } from "../../../src/core/sys.ts";
import { DEFAULT_RX_BUFFERS } from "../../../src/engine/abi.ts";
import type { Engine } from "../../../src/engine/exports.ts";
import { loadEngine } from "../../../src/engine/load.ts";
import { readRuleLine, readSavedRules } from "./rule-oracle.ts";
import { bytesOf, latin1, type Target } from "./target.ts";

const PSK = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100";
const CORE = "/dist/src/core/";
/** No error may quote as much of a key. */
const KEY_LIKE = /[0-9a-fA-F]{16}/;

/** The code of what `body` throws; anything but a SubnetraError is a defect. */
function codeOf(body: () => void): string {
  try {
    body();
    return "accepted";
  } catch (error) {
    if (!isSubnetraError(error)) throw error;
    assert.doesNotMatch(error.message, KEY_LIKE, "an error quotes what may be a key");
    return error.code;
  }
}

const config: Target = {
  name: "config",
  covers: CORE,
  seeds: [
    {},
    {
      role: "hub",
      local_id: 1,
      local_tun_ip: "10.0.0.1/24",
      peers: [{ id: 2, endpoint: "1.2.3.4:5", psk: PSK }],
    },
    {
      local_id: 2,
      listen_ports: [1, 2],
      local_routes: ["10.1.0.0/16"],
      remote_routes: [],
      keepalive_secs: 20,
    },
    {
      obfuscate: true,
      policy_file: "/x",
      max_peers: 9,
      max_rules: 9,
      virtual_subnet: "10.0.0.0/8",
      mtu: 1400,
    },
  ].map((document) => bytesOf(JSON.stringify(document))),
  words: [
    '"role":',
    '"spoke"',
    '"peers":[{',
    '"psk":"',
    PSK,
    '"allowed_src":"0.0.0.0/0"',
    "1e9",
    "-0",
    "\\u0000",
  ],
  run(input) {
    const judged: string[] = [];
    for (let round = 0; round < 2; round++) {
      judged.push(
        codeOf(() => {
          const parsed = parseConfig(input.slice(), input.length);
          // What is accepted is JSON to everybody else, too.
          JSON.parse(latin1(input));
          checkSanity(parsed);
        }),
      );
    }
    assert.equal(judged[0], judged[1], "judged differently the second time");
    return [`code ${judged[0]}`];
  },
};

/** The rules of a page, by the other reader: each is a request line whose values stand between commas. */
function judgeUpload({ step, words }: Upload): string[] {
  if (step !== "page") return [`upload ${step}`];
  const kinds = words.slice(PAGE_RULES).map((text) => {
    const [src, dst, target, ...rest] = text.split(",");
    const action = target === "drop" ? "--action drop" : `--target ${target} --action forward`;
    const expected = rest.length > 0 ? null : readRuleLine(`policy add --src ${src} --dst ${dst} ${action}`);
    const rule = parseStagedRule(text);
    assert.deepEqual(rule, expected?.rule ?? null, text);
    if (rule !== null) assert.equal(formatStaged(rule), text);
    return rule === null ? "bad" : "rule";
  });
  return [`upload ${kinds.includes("bad") ? "bad" : "good"}`];
}

const controlLine: Target = {
  name: "control-line",
  covers: CORE,
  seeds: [
    "status",
    "status --json",
    "policy show --from 17",
    "save",
    "policy add --src 10.0.0.0/8 --dst 0.0.0.0/0 --action forward --target 7",
    "policy add --src 10.0.0.2/31 --dst 255.254.253.252/33 --action drop",
    "policy add --src 10.0.0.2/31 --dst 192.168.128.0/17 --action drop",
    "policy add --dst 1.2.3.4/32 --src 0.0.0.0/0 --action drop\n",
    "policy insert --dst 1.2.3.4/32 --src 0.0.0.0/0 --action forward --target 3 --force",
    "policy del --dst 1.2.3.4/32 --src 0.0.0.0/0",
    "policy test 10.0.0.1 10.0.0.2",
    "policy upload begin 1000 --force",
    "policy upload 17 0 0.0.0.0/0,10.0.0.0/8,3 10.0.0.0/8,1.2.3.4/32,drop",
    "policy upload 17 commit",
  ].map(bytesOf),
  words: [
    "policy ",
    "insert ",
    "del ",
    "test ",
    "upload ",
    "begin ",
    "commit",
    "--force",
    ",drop",
    "0.0.0.0/0,",
    "add ",
    "--src ",
    "--dst ",
    "--action ",
    "forward",
    "--target ",
    "4294967295",
    "/33",
    "\t",
    "\0",
  ],
  run(input) {
    const line = latin1(input);
    const command = parseCommand(trimLine(line));
    const expected = readRuleLine(line);
    assert.equal(command.verb === "add", expected !== null, `a rule, or not: ${JSON.stringify(line)}`);
    if (command.verb === "upload") return judgeUpload(command);
    if (command.verb !== "add") return [command.verb === "none" ? command.error : command.verb];
    assert.deepEqual(command.rule, expected!.rule);
    assert.equal(formatRule(command.rule), expected!.text);
    return [`add ${command.rule.action}`];
  },
};

/** One file, read in pieces of a size that depends on its own content. */
function fileSys(engine: Engine, content: Uint8Array): Sys {
  let at = 0;
  const piece = 1 + ((content[0] ?? 0) << 4);
  const sys = {
    open: () => 3,
    close: () => 0,
    read(_fd: number, offset: number, length: number): number {
      const count = Math.min(length, piece, content.length - at);
      engine.u8.set(content.subarray(at, at + count), offset);
      at += count;
      return count;
    },
  };
  return sys as unknown as Sys;
}

const MAX_RULES = 12;
let shared: Engine | null = null;

/** Loads a file of rules into an empty table. Its result, and the table as text. */
function load(content: Uint8Array): { code: string; rules: string[] } {
  shared ??= loadEngine();
  const engine = shared;
  engine.call.init(2, MAX_RULES, DEFAULT_RX_BUFFERS);
  const code = codeOf(() => {
    loadSavedRules({ engine, sys: fileSys(engine, content) }, "rules");
  });
  const rules = Array.from({ length: engine.call.ruleCount() }, (_, i) => formatRule(readRule(engine, i)));
  return { code, rules };
}

const savedRules: Target = {
  name: "saved-rules",
  covers: CORE,
  seeds: [
    "# comment\n\npolicy add --src 10.0.0.0/8 --dst 0.0.0.0/0 --action forward --target 7\n",
    "policy add --src 10.0.0.1/32 --dst 1.0.0.0/1 --action drop\npolicy add --src 10.0.0.1/32 --dst 1.0.0.0/1 --action drop",
    "policy add --src 10.0.0.2/31 --dst 1.0.0.0/9 --action drop\npolicy add --src 0.0.0.0/33 --dst 0.0.0.0/0",
    "policy show\n",
  ].map(bytesOf),
  words: [
    "policy add --src ",
    " --dst 10.0.0.0/8",
    " --action drop\n",
    "\n",
    "#",
    "\r\n",
    " forward --target 9",
  ],
  run(input) {
    const first = load(input);
    const expected = readSavedRules(latin1(input), MAX_RULES, MAX_COMMAND);
    assert.equal(first.code === "accepted", expected.accepted, first.code);
    assert.deepEqual(first.rules, expected.rules);
    const again = load(bytesOf(first.rules.join("")));
    assert.equal(again.code, "accepted");
    assert.deepEqual(again.rules, first.rules, "saved and loaded, the table differs");
    return [`code ${first.code}`, `rules ${first.rules.length}`];
  },
};

const policyText: Target = {
  name: "policy-text",
  covers: CORE,
  seeds: ["", "# no policy rules\n", `policy add\n${moreComment(3, 17)}`, moreComment(4294967295, 0)].map(
    bytesOf,
  ),
  words: [moreComment(1, 2), "\n", "# ", "4294967295", "4294967296", "00"],
  run(input) {
    const page = latin1(input);
    const next = nextPage(page);
    assert.ok(Number.isInteger(next) && next >= -1 && next <= 0xffffffff);
    const rest = withoutComment(page);
    assert.ok(page.startsWith(rest) && next >= 0 === rest.length < page.length);
    const lines = page.endsWith("\n") || page === "" ? page : `${page}\n`;
    const number = input.length * 65537;
    assert.equal(nextPage(lines + moreComment(1, number)), number);
    assert.equal(withoutComment(lines + moreComment(1, number)), lines);
    return [next < 0 ? "last" : "more"];
  },
};

export const TEXT_TARGETS: readonly Target[] = [config, controlLine, savedRules, policyText];
